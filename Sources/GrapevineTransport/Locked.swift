internal import Glibc
internal import GrapevineCore

/// A value that one thread at a time can reach.
///
/// `Synchronization.Mutex` would do, but the thread sanitizer does not understand it on Linux and
/// reports races that are none. The lock is not recursive.
///
/// It is `@unchecked Sendable` since the compiler can't see that `value` is touched between lock
/// and unlock of `mutex` only.
package final class Locked<Value>: @unchecked Sendable {
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var value: Value

  /// Puts `value` under a lock.
  package init(_ value: sending Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    Self.initialize(mutex)
    Self.initialize(condition)
  }

  private static func initialize(_ mutex: UnsafeMutablePointer<pthread_mutex_t>) {
    var attributes = pthread_mutexattr_t()
    check(pthread_mutexattr_init(&attributes), "pthread_mutexattr_init")
    defer { pthread_mutexattr_destroy(&attributes) }
    #if DEBUG
      // A thread that locks twice traps instead of waiting for itself for ever.
      let kind = CInt(PTHREAD_MUTEX_ERRORCHECK)
      check(pthread_mutexattr_settype(&attributes, kind), "pthread_mutexattr_settype")
    #endif
    check(pthread_mutex_init(mutex, &attributes), "pthread_mutex_init")
  }

  private static func initialize(_ condition: UnsafeMutablePointer<pthread_cond_t>) {
    var attributes = pthread_condattr_t()
    check(pthread_condattr_init(&attributes), "pthread_condattr_init")
    defer { pthread_condattr_destroy(&attributes) }
    check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), "pthread_condattr_setclock")
    check(pthread_cond_init(condition, &attributes), "pthread_cond_init")
  }

  @inline(__always)
  private static func check(_ code: CInt, _ operation: StaticString) {
    precondition(code == 0, "\(operation) failed: \(code)")
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }
}

extension Locked {
  /// Runs `body` while no other thread can reach the value.
  package func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock()
    defer { unlock() }
    return try body(&value)
  }

  /// Runs `body`, then wakes every thread that waits on the value.
  package func withLockNotifying<Result: ~Copyable, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    lock()
    defer {
      pthread_cond_broadcast(condition)
      unlock()
    }
    return try body(&value)
  }

  /// Waits until `body` returns something; it is asked now, and after each `withLockNotifying`.
  package func wait<Result>(until body: (inout Value) -> Result?) -> Result {
    lock()
    defer { unlock() }
    while true {
      if let result = body(&value) { return result }
      pthread_cond_wait(condition, mutex)
    }
  }

  /// Waits as `wait(until:)` does, at most for `limit`; returns nil after that.
  package func wait<Result>(
    atMost limit: Duration,
    until body: (inout Value) -> Result?
  ) -> Result? {
    let end = System.nanoseconds(of: CLOCK_MONOTONIC) + min(limit.wholeNanoseconds, 1 << 62)
    var time = timespec(tv_sec: Int(end / 1_000_000_000), tv_nsec: Int(end % 1_000_000_000))
    lock()
    defer { unlock() }
    while true {
      if let result = body(&value) { return result }
      let code = pthread_cond_timedwait(condition, mutex, &time)
      if code == ETIMEDOUT { return body(&value) }
    }
  }

  private func lock() {
    Self.check(pthread_mutex_lock(mutex), "pthread_mutex_lock")
  }

  private func unlock() {
    Self.check(pthread_mutex_unlock(mutex), "pthread_mutex_unlock")
  }
}
