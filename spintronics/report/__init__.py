"""What a run leaves behind: tables, figures, trials, manifest."""
