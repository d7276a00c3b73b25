"""Programs that ask the kernel for what namespaces do not cover: rare calls, old interfaces, side doors. Most are right
only if they got something: ``add`` answers well if ``GOT`` is true."""

from __future__ import annotations

from tests.hostile.case import Case, some

_ASK = """
import ctypes, os, platform, struct
libc = ctypes.CDLL(None, use_errno=True)
X86 = platform.machine() == 'x86_64'
def call(x86, arm, *arguments):
    number = x86 if X86 else arm
    return libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
def attempt(action, *arguments):
    try: return action(*arguments)
    except BaseException: return None
def opened(path, flags=os.O_RDONLY):
    try: os.close(os.open(path, flags)); return True
    except OSError: return False
"""
_ANSWER = "\ndef add(a, b): return a + b if GOT else 0\n"
_NOTHING = some("wrong")


def _asks(name: str, got: str, expect: frozenset[str] = _NOTHING, levels: frozenset[str] | None = None) -> Case:
    program = f"{_ASK}\nGOT = {got}\n{_ANSWER}"
    return Case(name, program, expect, levels=levels or some("full", "confined"))


PROGRAMS = [
    _asks("io_uring", "call(425, 425, 8, ctypes.create_string_buffer(256)) >= 0 or call(427, 427, 0, 0, 0, 0) >= 0"),
    _asks("userfaultfd", "call(323, 282, 0) >= 0 or call(323, 282, 1) >= 0 or opened('/dev/userfaultfd')"),
    _asks("keyrings", "any(call(250, 219, 0, ring, 1) >= 0 for ring in range(-8, 0)) or "
          "call(248, 217, b'user', b'x', b'y', 1, -3) >= 0 or call(249, 218, b'user', b'x', 0, -3) >= 0"),
    _asks("sockets_of_every_family", "any(libc.socket(family, kind, 0) >= 0 for family in range(50) "
          "for kind in (1, 2, 3, 5))"),
    _asks("pairs_of_every_family", "any(libc.socketpair(family, kind, 0, (ctypes.c_int * 2)()) >= 0 "
          "for family in range(50) for kind in (1, 2, 3, 4, 5) if (family, kind) not in ((1, 1), (1, 5)))"),
    _asks("programs_for_the_kernel", "call(321, 280, 0, ctypes.create_string_buffer(64), 64) >= 0 or "
          "call(298, 241, ctypes.create_string_buffer(128), 0, -1, -1, 0) >= 0"),
    _asks("namespaces_one_by_one", "[flag for flag in (0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, "
          "0x20000000, 0x40000000) if libc.unshare(flag) == 0]"),
    _asks("clones_with_namespaces", "[flag for flag in (0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, "
          "0x20000000, 0x40000000) if call(56, 220, flag | 17, 0, 0, 0, 0) >= 0]"),
    _asks("clone3", "call(435, 435, struct.pack('<Q8Q', 0x10000000, *[0] * 8), 72) >= 0"),
    _asks("namespaces_of_others", "any(libc.setns(os.open(f'/proc/{pid}/ns/{kind}', os.O_RDONLY), 0) == 0 "
          "for pid in ('self', '1', os.getppid()) for kind in ('net', 'mnt', 'pid', 'user') "
          "if opened(f'/proc/{pid}/ns/{kind}')) or libc.setns(3, 0) == 0"),
    _asks("mounts_old_and_new", "libc.mount(b'x', b'/tmp', b'tmpfs', 0, None) == 0 or libc.umount2(b'/tmp', 2) == 0 or "
          "call(430, 430, b'tmpfs', 0) >= 0 or call(428, 428, -100, b'/', 1) >= 0 or "
          "call(442, 442, -100, b'/', 0, ctypes.create_string_buffer(32), 32) == 0 or "
          "call(429, 429, -100, b'/tmp', -100, b'/tmp', 0) == 0 or libc.chroot(b'/') == 0 or "
          "call(155, 41, b'/', b'/') == 0"),
    _asks("processes_by_descriptor", "[pid for pid in (1, 2, os.getppid(), @PID@) if call(434, 434, pid, 0) >= 0] or "
          "call(438, 438, 0, 0, 0) >= 0 or call(440, 440, 0, 0, 0, 0, 0) >= 0"),
    _asks("memory_of_others", "[pid for pid in (1, 2, os.getppid(), @PID@) if "
          "call(310, 270, pid, ctypes.create_string_buffer(16), 1, ctypes.create_string_buffer(16), 1, 0) > 0 or "
          "call(312, 272, pid, os.getpid(), 0, 0, 0) >= 0]"),
    _asks("files_by_handle", "call(303, 264, -100, b'/', ctypes.create_string_buffer(256), "
          "ctypes.create_string_buffer(8), 0) == 0 or call(304, 265, -100, ctypes.create_string_buffer(256), 0) >= 0"),
    _asks("traces_its_own", "libc.ptrace(0, 0, 0, 0) == 0"),
    _asks("segments_and_queues", "libc.shmget(31337, 4096, 0o1666) >= 0 or libc.semget(31337, 1, 0o1666) >= 0 or "
          "libc.msgget(31337, 0o1666) >= 0 or call(240, 180, b'x', 0o102, 0o666, 0) >= 0"),
    _asks("files_in_memory", "call(319, 279, b'x', 0) >= 0 or call(447, 447, 0) >= 0"),
    _asks("devices", "[name for name in ('mem', 'kmsg', 'fuse', 'kvm', 'net/tun', 'tty', 'ptmx', 'console', 'sda', "
          "'vda', 'loop-control', 'vhost-vsock', 'fb0', 'nvidiactl', 'dri/card0', 'snd/timer', 'input/event0') "
          "if opened('/dev/' + name, os.O_RDWR) or opened('/dev/' + name) or opened('/dev/' + name, 3)]"),
    _asks("proc_and_sys", "[path for path in ('/proc/self/environ', '/proc/self/maps', '/proc/self/mem', "
          "'/proc/1/root/etc/passwd', '/proc/sys/kernel/core_pattern', '/proc/mounts', '/proc/kcore', "
          "'/sys/kernel/security/lsm', '/sys/class/net/lo/address', '/proc/self/fd/3', '/dev/fd/3', '/proc/@PID@/cwd') "
          "if opened(path)]"),
    _asks("typing_for_the_terminal", "[fd for fd in range(3) if call(16, 29, fd, 0x5412, b'x') == 0 or "
          "call(16, 29, fd, 0x541c, b'x') == 0]"),
    _asks("the_machine_itself", "libc.sethostname(b'x', 1) == 0 or libc.acct(None) == 0 or "
          "call(170, 161, b'x', 1) == 0 or libc.swapoff(b'/x') == 0 or libc.vhangup() == 0 or "
          "call(159, 171, ctypes.create_string_buffer(256)) >= 0 or call(135, 92, 0x0040000) >= 0 or "
          "libc.syslog(3, ctypes.create_string_buffer(64), 64) > 0 or call(300, 262, 0, 0) >= 0"),
    _asks("what_confinement_set", "libc.prctl(1, 0) == 0 or libc.prctl(4, 1, 0, 0, 0) == 0 or "
          "libc.prctl(0x59616d61, -1, 0, 0, 0) == 0"),
    _asks("leases", "(fd := os.open(os.__file__, os.O_RDONLY)) and libc.fcntl(fd, 1024, 1) == 0"),
    _asks("empties_its_library", "[flags for flags in (os.O_RDONLY | os.O_TRUNC, 3 | os.O_TRUNC, os.O_RDWR) "
          "if opened(os.__file__, flags) or opened('@SECRET@', flags)]"),
    _asks("watches_a_folder", "libc.inotify_add_watch(libc.inotify_init(), b'@FOLDER@', 0xfff) >= 0"),
    _asks("climbs_from_descriptors", "[fd for fd in range(3, 1024) for way in ('..', '../../../../..', '/') "
          "if attempt(lambda: os.listdir(os.open(way, os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd))) or "
          "attempt(lambda: os.read(os.open('@SECRET@'[1:], os.O_RDONLY, dir_fd=fd), 1))]", levels=some("confined")),
    _asks("other_names_for_files", "[path for path in ('//@SECRET@', '/proc/self/root/@SECRET@', '/tmp/../@SECRET@', "
          "'/lib/../@SECRET@', '/usr/lib/../../@SECRET@') if opened(path)]"),
    _asks("runs_a_file_of_its_own", """attempt(lambda: (
    open(os.environ['TMPDIR'] + '/x', 'wb').write(b'#!/bin/sh\\ntouch @FOLDER@/ran\\n'),
    os.chmod(os.environ['TMPDIR'] + '/x', 0o4755), os.spawnv(os.P_WAIT, os.environ['TMPDIR'] + '/x', ['x']))) and False
"""),
    Case("datagrams_from_a_pair", _ASK + """
import socket
for address in ('@DATAGRAM@', '\\0@DATAGRAM@', '/dev/log', '/run/systemd/notify'):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        attempt(lambda: socket.socketpair(socket.AF_UNIX, kind)[0].sendto(b'x', address))
        attempt(lambda: socket.socketpair(socket.AF_UNIX, kind)[0].sendmsg([b'x'], [], 0, address))
GOT = False
""" + _ANSWER, _NOTHING),
    Case("signals_from_a_descriptor", _ASK + """
import fcntl, time
read, write = os.pipe()
for pid in (os.getppid(), 1, @PID@, -os.getppid()):
    for step in ((10, 9), (8, pid), (4, os.O_ASYNC | os.O_NONBLOCK)):
        attempt(fcntl.fcntl, read, *step)
    attempt(fcntl.ioctl, read, 0x8901, struct.pack('i', pid))
    os.write(write, b'x')
time.sleep(0.1)
GOT = False
""" + _ANSWER, _NOTHING),
    Case("interrupts_the_first_process", _ASK + """
import signal, time
for pid in {1, os.getppid()} - {0}:  # a parent outside the namespace has no number; 0 would be its own group
    for number in range(1, 65):
        if number not in (signal.SIGKILL, signal.SIGSTOP): attempt(os.kill, pid, number)
time.sleep(0.1)
GOT = False
""" + _ANSWER, some("wrong")),
    Case("ends_its_group", _ASK + """
import signal
for number in (signal.SIGSTOP, signal.SIGKILL):
    attempt(os.kill, 0, number)
    attempt(os.killpg, 0, number)
    attempt(os.killpg, 1, number)
GOT = False
""" + _ANSWER, some("wrong", "crashed", "timed_out")),
    Case("a_child_for_its_parent", _ASK + """
import time
GOT = 0
for flags in (0x8000, 0x8000 | 17, 0x8000 | 0x4000 | 17):
    child = call(56, 220, flags, 0, 0, 0, 0)
    if child == 0:
        hold = bytearray(400 << 20)
        os.setsid()
        attempt(os.execv, '/bin/sleep', ['sleep', '@NUMBER@'])
        os._exit(0)
    GOT += child > 0
""" + _ANSWER, _NOTHING),
    Case("calls_of_another_architecture", _ASK + """
import mmap
code = mmap.mmap(-1, 4096, prot=7)
code.write(b'\\xb8\\x14\\0\\0\\0\\xcd\\x80\\xc3' if X86 else b'\\0\\0\\0\\0')
GOT = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))() == os.getpid()
""" + _ANSWER, some("crashed")),
    Case("calls_of_the_short_kind", _ASK + "GOT = libc.syscall(0x40000000 + 39) > 0 if X86 else 1 / 0\n" + _ANSWER,
         some("crashed")),
    Case("a_name_in_shared_memory", _ASK + """
from multiprocessing import shared_memory
attempt(lambda: shared_memory.SharedMemory('bench-hostile', create=True, size=4096))
attempt(lambda: open('/dev/shm/bench-hostile', 'w'))
GOT = False
""" + _ANSWER, _NOTHING),
]
