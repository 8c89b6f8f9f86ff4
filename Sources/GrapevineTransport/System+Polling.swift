internal import CGrapevineLinux
internal import Glibc
internal import GrapevineCore

extension System {
  /// epoll_create1(2), closed on exec.
  static func makeEpoll() throws(SystemError) -> Descriptor {
    Descriptor(rawValue: try call("epoll_create1") { epoll_create1(CInt(EPOLL_CLOEXEC)) })
  }

  /// eventfd(2), non-blocking and closed on exec.
  static func makeEventCounter() throws(SystemError) -> Descriptor {
    let flags = CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK)
    return Descriptor(rawValue: try call("eventfd") { eventfd(0, flags) })
  }

  /// timerfd_create(2) on the clock that ``MonotonicClock`` reads, non-blocking and closed on exec.
  static func makeTimer() throws(SystemError) -> Descriptor {
    let flags = CInt(TFD_CLOEXEC) | CInt(TFD_NONBLOCK)
    return Descriptor(
      rawValue: try call("timerfd_create") { timerfd_create(MonotonicClock.identifier, flags) }
    )
  }

  /// timerfd_settime(2): lets the timer expire once, at `deadline`.
  static func arm(
    _ timer: borrowing Descriptor,
    at deadline: Instant
  ) throws(SystemError) {
    let raw = timer.rawValue
    var setting = itimerspec()
    // Zero would disarm the timer; a deadline at the clock's start is due anyway.
    let nanoseconds = max(deadline.nanoseconds, 1)
    setting.it_value.tv_sec = Int(nanoseconds / 1_000_000_000)
    setting.it_value.tv_nsec = Int(nanoseconds % 1_000_000_000)
    try call("timerfd_settime") {
      timerfd_settime(raw, CInt(TFD_TIMER_ABSTIME), &setting, nil)
    }
  }

  /// write(2) of one to an event counter.
  static func signal(_ counter: borrowing Descriptor) throws(SystemError) {
    let raw = counter.rawValue
    var one: UInt64 = 1
    // A counter that is full wakes its reader all the same.
    _ = try attempt("write") { write(raw, &one, MemoryLayout<UInt64>.size) }
  }

  /// read(2) of an event counter, which is zero then.
  static func clear(_ counter: borrowing Descriptor) throws(SystemError) {
    let raw = counter.rawValue
    var count: UInt64 = 0
    _ = try attempt("read") { read(raw, &count, MemoryLayout<UInt64>.size) }
  }

  /// fcntl(2) with `F_DUPFD_CLOEXEC`: another descriptor of the same, closed on exec.
  static func duplicate(_ descriptor: borrowing Descriptor) throws(SystemError) -> Descriptor {
    let raw = descriptor.rawValue
    return Descriptor(rawValue: try call("fcntl") { fcntl(raw, F_DUPFD_CLOEXEC, 0) })
  }

  /// epoll_ctl(2).
  static func control(
    _ epoll: borrowing Descriptor,
    _ action: CInt,
    _ descriptor: CInt,
    _ event: epoll_event
  ) throws(SystemError) {
    let raw = epoll.rawValue
    var event = event
    try call("epoll_ctl") { epoll_ctl(raw, action, descriptor, &event) }
  }

  /// epoll_wait(2), for ever or not at all; an interruption counts as no event.
  static func wait(
    _ epoll: borrowing Descriptor,
    into events: UnsafeMutableBufferPointer<epoll_event>,
    mayBlock: Bool
  ) throws(SystemError) -> Int {
    let raw = epoll.rawValue
    return Int(
      try call("epoll_wait") {
        epoll_wait(raw, events.baseAddress, CInt(events.count), mayBlock ? -1 : 0)
      }
    )
  }

  /// clock_gettime(2) in nanoseconds.
  static func nanoseconds(of clock: clockid_t) -> UInt64 {
    var time = timespec()
    let result = clock_gettime(clock, &time)
    precondition(result == 0, "the kernel has no clock \(clock)")
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// getrandom(2) of eight bytes.
  static func randomNumber() -> UInt64 {
    var number: UInt64 = 0
    let size = MemoryLayout<UInt64>.size
    // Up to 256 bytes come whole or, before the kernel's pool is ready, after a wait.
    let count = try? call("getrandom") { getrandom(&number, size, 0) }
    precondition(count == size, "the kernel gave no random bytes")
    return number
  }
}
