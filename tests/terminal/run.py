"""Runs a program in a terminal of so many columns, and writes what it draws there to standard output.

    python3 -I -S run.py COLUMNS[,COLUMNS...] PROGRAM [ARGUMENT...]

Each further number of columns is what the terminal is changed to after another second; where it changes, "resized N"
stands between two form feeds. A second after the last change Ctrl-C is pressed. Time counts from the first escape on. The exit code is the program's.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time


def main(widths, program):
    process, terminal = pty.fork()
    if process == 0:
        # Wide enough from the first moment on: the program must not see the size of another terminal.
        fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, widths[0], 0, 0))
        os.execvp(program[0], program)
    changes = iter(widths[1:])
    due = None if len(widths) > 1 else float("inf")
    while True:
        readable, _, _ = select.select([terminal], [], [], 0.05)
        if readable:
            try:
                drawn = os.read(terminal, 65536)
            except OSError:  # how Linux says that the program has ended
                break
            if not drawn:
                break
            sys.stdout.buffer.write(drawn)
            if due is None and b"\x1b" in drawn:
                due = time.monotonic() + 1
        if due is None or time.monotonic() < due:
            continue
        width = next(changes, None)
        due = due + 1 if width else float("inf")
        if not width:
            os.write(terminal, b"\x03")
        else:
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
            sys.stdout.buffer.write(b"\fresized %d\f" % width)
    sys.stdout.flush()
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))


if __name__ == "__main__":
    main([int(width) for width in sys.argv[1].split(",")], sys.argv[2:])
