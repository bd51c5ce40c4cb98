"""Host tools of the MS-20 Pico: the `ms20` command, the virtual board's client, the bench and the reports."""

__version__ = "0.2.0"
