internal import Glibc

/// Where a value lies between the ends of an axis.
struct Scale: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case linear
    /// Equal factors are equal lengths; only values above zero have a place.
    case logarithmic
  }

  let kind: Kind
  let low: Double
  let high: Double

  init(_ kind: Kind, _ low: Double, _ high: Double) {
    precondition(low < high, "an axis from \(low) to \(high)")
    precondition(kind == .linear || low > 0, "a logarithmic axis from \(low)")
    self.kind = kind
    self.low = low
    self.high = high
  }

  /// The share of the axis that lies before `value`: from 0 to 1, for what is beyond its ends too.
  func position(_ value: Double) -> Double {
    let share =
      switch kind {
      case .linear: (value - low) / (high - low)
      case .logarithmic:
        value > 0 ? (log10(value) - log10(low)) / (log10(high) - log10(low)) : 0
      }
    return min(1, max(0, share))
  }

  /// A logarithmic scale from a power of ten to one that holds all of `values`; from 1 to 10 if
  /// there are none above zero.
  static func decades(of values: [Double]) -> Scale {
    let positive = values.filter { $0 > 0 && $0.isFinite }
    guard let least = positive.min(), let most = positive.max() else {
      return Scale(.logarithmic, 1, 10)
    }
    let low = floor(log10(least) + 1e-9)
    let high = max(low + 1, ceil(log10(most) - 1e-9))
    return Scale(.logarithmic, pow(10, low), pow(10, high))
  }

  /// A linear scale from zero to a round number that holds all of `values`.
  static func fromZero(_ values: [Double]) -> Scale {
    let most = values.filter(\.isFinite).max() ?? 0
    guard most > 0 else { return Scale(.linear, 0, 1) }
    let step = Scale.step(most)
    return Scale(.linear, 0, ceil(most / step - 1e-9) * step)
  }

  /// Round values along the axis.
  var ticks: [Double] {
    switch kind {
    case .linear:
      let step = Scale.step(high - low)
      let count = Int(((high - low) / step + 1e-9).rounded(.down))
      return (0...count).map { low + Double($0) * step }
    case .logarithmic:
      let first = Int(ceil(log10(low) - 1e-9))
      let last = Int(floor(log10(high) + 1e-9))
      guard first <= last else { return [low, high] }
      let decades = (first...last).map { pow(10, Double($0)) }
      guard decades.count <= 2 else { return decades }
      return decades.flatMap { [$0, 2 * $0, 5 * $0] }.filter { low...high ~= $0 }
    }
  }

  /// 1, 2 or 5 times a power of ten, of which four to ten make the span.
  private static func step(_ span: Double) -> Double {
    let rough = span / 4
    let power = pow(10, floor(log10(rough) + 1e-9))
    let factor = [5.0, 2, 1].first { $0 * power <= rough * (1 + 1e-9) } ?? 1
    return factor * power
  }
}
