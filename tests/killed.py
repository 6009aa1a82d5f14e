"""Run a preparation, kill it at a random moment, go on, and so forth (of test_bulk)."""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import smslab


def prepare(path: str, output: str, *, resume: bool) -> None:
    """Prepare a list in small batches."""
    smslab.prepare_file(path, output, country="US", smart="accents", batch_rows=100, resume=resume)


def main() -> None:
    """Kill so many runs; say whether what is left in the end is as it should be."""
    path, output, kills = sys.argv[1], sys.argv[2], int(sys.argv[3])
    prepare(path, output, resume=False)
    begin = time.monotonic()
    prepare(path, output, resume=False)
    lasts = time.monotonic() - begin
    undisturbed = Path(output).read_bytes()
    Path(output).unlink()
    draw = random.Random(1)
    done = in_the_middle = half_files = 0
    same = True
    while done < kills:
        child = os.fork()
        if not child:
            prepare(path, output, resume=True)
            os._exit(0)
        time.sleep(draw.uniform(0, lasts))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        done += os.WIFSIGNALED(status)
        journal = Path(output).with_name(f".{Path(output).name}.smslab")
        in_the_middle += len(list(journal.glob("batch-*.arrow"))) > 0
        if Path(output).exists():
            # It was over already, or killed behind its end: begin anew.
            same = same and Path(output).read_bytes() == undisturbed
            half_files += Path(output).stat().st_size != len(undisturbed)
            Path(output).unlink()
    prepare(path, output, resume=True)
    same = same and Path(output).read_bytes() == undisturbed
    told = {"kills": done, "in_the_middle": in_the_middle, "same": same, "half_files": half_files}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
