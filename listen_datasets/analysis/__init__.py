"""The analysis of clips that extractors share: signals, spectra, and all extractors of a run over one clip."""
