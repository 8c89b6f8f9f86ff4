package import GrapevineCore

/// How long a packet travels one way: a distribution to draw from.
package struct Latency: Sendable, Hashable {
  private let floor: UInt64
  private let shape: Shape

  private enum Shape: Hashable {
    case fixed
    case uniform(width: UInt64)
    case exponential(mean: UInt64)
  }

  /// The same time for each packet.
  package static func fixed(_ time: Duration) -> Latency {
    Latency(floor: time.wholeNanoseconds, shape: .fixed)
  }

  /// Any time of the range, each as likely as the other.
  package static func uniform(_ range: ClosedRange<Duration>) -> Latency {
    let floor = range.lowerBound.wholeNanoseconds
    return Latency(
      floor: floor,
      shape: .uniform(width: range.upperBound.wholeNanoseconds - floor)
    )
  }

  /// A time of at least `floor`, and above it exponential with the mean `mean`.
  package static func exponential(floor: Duration, mean: Duration) -> Latency {
    Latency(
      floor: floor.wholeNanoseconds,
      shape: .exponential(mean: mean.wholeNanoseconds)
    )
  }

  /// The mean in nanoseconds.
  package var mean: UInt64 {
    switch shape {
    case .fixed: floor
    case .uniform(let width): floor + width / 2
    case .exponential(let mean): floor + mean
    }
  }

  /// The next packet's time in nanoseconds.
  package func draw(_ random: inout Xoshiro256) -> UInt64 {
    switch shape {
    case .fixed: floor
    case .uniform(let width): floor + random.below(width + 1)
    case .exponential(let mean): floor + UInt64(Double(mean) * Self.unitExponential(&random))
    }
  }

  /// A draw of the exponential distribution with the mean 1.
  ///
  /// It is −ln of a uniform draw, by a series of `+ × ÷` alone: the same on every machine, which
  /// a mathematical library's logarithm need not be.
  private static func unitExponential(_ random: inout Xoshiro256) -> Double {
    let bits = random.next() | 1
    let halvings = bits.leadingZeroBitCount
    let mantissa = Double((bits << UInt64(halvings)) >> 11) / 4_503_599_627_370_496  // 1..<2
    // ln m = 2 artanh((m − 1) / (m + 1)), whose argument is below 1/3: eleven terms give 1e-12.
    let ratio = (mantissa - 1) / (mantissa + 1)
    let square = ratio * ratio
    var power = ratio
    var sum = 0.0
    for term in 0..<11 {
      sum += power / Double(2 * term + 1)
      power *= square
    }
    return Double(halvings + 1) * 0.693_147_180_559_945_3 - 2 * sum
  }
}

extension Latency: CustomStringConvertible {
  /// The distribution in words, such as `0.1 to 4.2 ms`.
  package var description: String {
    func milliseconds(_ nanoseconds: UInt64) -> String {
      let micros = nanoseconds / 1_000
      return "\(micros / 1_000).\(micros / 100 % 10)\(micros / 10 % 10)"
    }
    return switch shape {
    case .fixed: "\(milliseconds(floor)) ms"
    case .uniform(let width): "\(milliseconds(floor)) to \(milliseconds(floor + width)) ms"
    case .exponential(let mean):
      "\(milliseconds(floor)) ms and exponential above, mean \(milliseconds(floor + mean)) ms"
    }
  }
}
