"""How much memory a process holds now."""

from pathlib import Path


def held(process: int | str = "self") -> int:
    """Read the resident memory of a process in kB (proc_pid_status(5))."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0])
