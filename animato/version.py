"""The one place that states the version; the package, the credentials and the files all read it here."""

__version__ = "0.1.0"
