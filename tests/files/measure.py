"""Run a command and tell on stderr what it used: seconds of the processor, most resident kB, status. It is killed when its time is over.

A process of its own, because the kernel counts what a child's parent held before the command began as the child's.
"""

import json
import os
import signal
import subprocess
import sys
import threading

if __name__ == "__main__":
    limit, *command = sys.argv[1:]
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL, env={})
    late = threading.Timer(float(limit), os.kill, (child.pid, signal.SIGKILL))
    late.start()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    late.cancel()
    late.join()
    _, child.returncode, usage = os.wait4(child.pid, 0)
    used = [usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(child.returncode)]
    sys.stderr.write(json.dumps(used))
