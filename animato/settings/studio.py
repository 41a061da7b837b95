"""Settings of `animato studio`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from animato.settings.base import check, setting
from animato.settings.engine import EngineSettings


@dataclass(frozen=True, kw_only=True)
class StudioSettings(EngineSettings):
    """Where the studio listens, where it keeps its data, and what it accepts."""

    port: int = setting(
        0, "Port on the loopback interface; 0 takes a free one.", low=0, high=65_535, flag="-p", group=None
    )
    open: bool = setting(False, "Open the page in the default browser.")
    data: Path | None = setting(
        None, "Folder for uploads, heads, jobs and results. Default: a folder of this user, which is created."
    )
    max_upload: int = setting(
        1024, "Maximum size of an uploaded file.", low=1, high=65_536, unit="megabytes", group="Limits"
    )
    threads: int = setting(2, "CPU threads of a render.", low=1, high=64, group="Advanced")

    def __post_init__(self) -> None:
        check(self, "studio")
