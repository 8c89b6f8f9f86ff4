internal import Glibc
package import GrapevineCore

/// The clock behind every deadline.
///
/// It is `CLOCK_BOOTTIME`, which never steps back and, unlike `CLOCK_MONOTONIC`, goes on while the
/// machine is suspended: times to live and expiries mean real time, and an engine that slept
/// through an hour must be able to see it, or it would trust news that is an hour old.
package enum MonotonicClock {
  static let identifier = CLOCK_BOOTTIME

  /// The time since the machine started.
  package static func now() -> Instant {
    Instant(nanoseconds: System.nanoseconds(of: identifier))
  }
}

/// The clock on the wall, which may step either way; it serves to number the lives of a name.
package enum WallClock {
  /// Milliseconds since the start of 1970.
  package static func millisecondsSince1970() -> UInt64 {
    System.nanoseconds(of: CLOCK_REALTIME) / 1_000_000
  }
}

/// Random numbers from the kernel's secure source.
package enum SecureRandom {
  /// A number that nobody can predict.
  package static func number() -> UInt64 {
    System.randomNumber()
  }
}
