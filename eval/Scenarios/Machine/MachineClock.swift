internal import Glibc
package import GrapevineCore

/// The machine's clocks.
package enum MachineClock {
  /// The monotonic clock.
  package static var now: Instant { read(CLOCK_MONOTONIC) }

  /// The processor time that all threads of this process have used.
  package static var processorTime: Instant { read(CLOCK_PROCESS_CPUTIME_ID) }

  /// Lets the calling thread sleep; a signal may end it early.
  package static func sleep(_ duration: Duration) {
    let nanoseconds = Swift.max(0, duration.nanoseconds)
    var time = timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000),
      tv_nsec: Int(nanoseconds % 1_000_000_000)
    )
    nanosleep(&time, nil)
  }

  private static func read(_ clock: clockid_t) -> Instant {
    var time = timespec()
    clock_gettime(clock, &time)
    return Instant(nanoseconds: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
  }
}
