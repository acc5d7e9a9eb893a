"""Features of clips on disk: the parameters they are made with, the plan, the work, the files, and how they are read again."""
