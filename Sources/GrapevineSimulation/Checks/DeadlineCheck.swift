import GrapevineCore

package final class DeadlineCheck: StartCheck, InputCheck {
  package static let name = "deadline"
  package static let reason =
    "after advance(to:) all that was due is done, the next deadline lies ahead, at most an "
    + "interval, and no later than anything is due, and no engine spins"
  package static let isForMeasuring = true

  /// The most wake-ups of one engine in one second, far above what a burst of real work needs.
  package static let wakeLimit = 20_000
  /// The most calls of one engine at one moment: what a process that slept may find waiting.
  package static let callLimit = 1_000_000

  private struct State {
    /// The longest time from one round to the next.
    let roundSpan: UInt64
    var callCount = 0
    var calledAt: UInt64 = .max
    var wakeCount = 0
    var secondBegan: UInt64 = 0

    /// Counts a call; says what is wrong with it.
    mutating func call(_ input: Input, at time: UInt64, reading: Instant) -> String? {
      if calledAt != time {
        calledAt = time
        callCount = 0
      }
      callCount += 1
      guard callCount < DeadlineCheck.callLimit else {
        return "the engine was called \(callCount) times at one moment"
      }
      guard case .deadline(let next) = input else { return nil }
      guard next > reading else {
        return "after advance(to: \(reading.nanoseconds)) the next deadline is \(next.nanoseconds)"
      }
      if time - secondBegan >= 1_000_000_000 {
        secondBegan = time
        wakeCount = 0
      }
      wakeCount += 1
      return wakeCount < DeadlineCheck.wakeLimit
        ? nil : "the engine woke up \(wakeCount) times in a second"
    }
  }

  private var states = PerNode<State>()

  package init() {}

  func started(_ node: Int, in simulation: Simulation) {
    let interval = simulation.nodes[node].configuration.interval.wholeNanoseconds
    states.begin(node, State(roundSpan: interval + interval / 10))
  }

  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    let reading = simulation.clockReading(of: node)
    if let detail = states[node].call(input, at: simulation.time, reading: reading) {
      simulation.fail(Self.self, node, detail)
    }
    if case .deadline(let next) = input {
      let due = engine.earliestDue
      if due <= reading || due < next {
        simulation.fail(
          Self.self,
          node,
          "at \(reading.nanoseconds) something is due at \(due.nanoseconds), "
            + "and the next deadline is \(next.nanoseconds)"
        )
      }
    }
    // A round is due within an interval and its jitter, whatever else is.
    let next = simulation.nodes[node].plannedDeadline
    if next > reading.advanced(by: states[node].roundSpan), !engine.isSuperseded {
      simulation.fail(
        Self.self,
        node,
        "at \(reading.nanoseconds) the next deadline is \(next.nanoseconds), beyond the next round"
      )
    }
  }
}
