"""What each command does to a world of warehouse-fulfilled stock. One file per group of verbs."""
