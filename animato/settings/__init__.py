"""Settings: one frozen dataclass per job, the only home of each default and of its help text."""
