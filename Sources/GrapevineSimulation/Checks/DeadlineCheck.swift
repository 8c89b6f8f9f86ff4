import GrapevineCore

package final class DeadlineCheck: StartCheck, InputCheck {
  package static let name = "deadline"
  package static let reason =
    "after advance(to:) all that was due is done, the next deadline lies ahead, at most an "
    + "interval, and no later than anything is due, and no engine wakes up far more often than it "
    + "has work"
  package static let isForMeasuring = true

  /// The most wake-ups of one engine in one second, whatever it has to do.
  package static let wakeLimit = 20_000
  /// Wake-ups in a second that need no work, such as those for streams and waits that end.
  ///
  /// What is allowed in all is more than twice what drawn runs ever showed.
  static let idleWakeLimit = 200
  /// Wake-ups from one round to the next, besides those that work and members bring.
  static let roundWakeLimit = 30
  /// The most calls of one engine at one moment: what a process that slept may find waiting.
  package static let callLimit = 1_000_000

  private struct State {
    /// The longest time from one round to the next.
    let roundSpan: UInt64
    /// Wake-ups in a second that neither work nor members bring.
    let idleWakeLimit: Int
    /// Inputs but wake-ups: in this second, and in the one before it.
    var workCount = 0
    var formerWorkCount = 0
    var callCount = 0
    var calledAt: UInt64 = .max
    var wakeCount = 0
    var secondBegan: UInt64 = 0

    init(interval: UInt64) {
      roundSpan = interval + interval / 10
      let roundCount = Int((1_000_000_000 + interval - 1) / interval)
      idleWakeLimit = DeadlineCheck.idleWakeLimit + DeadlineCheck.roundWakeLimit * roundCount
    }

    /// Counts a call of an engine that knows so many members; says what is wrong with it.
    mutating func call(
      _ input: Input,
      _ memberCount: Int,
      at time: UInt64,
      reading: Instant
    ) -> String? {
      if calledAt != time {
        calledAt = time
        callCount = 0
      }
      callCount += 1
      guard callCount < DeadlineCheck.callLimit else {
        return "the engine was called \(callCount) times at one moment"
      }
      if time - secondBegan >= 1_000_000_000 {
        formerWorkCount = time - secondBegan < 2_000_000_000 ? workCount : 0
        secondBegan = time
        wakeCount = 0
        workCount = 0
      }
      guard case .deadline(let next) = input else {
        workCount += 1
        return nil
      }
      guard next > reading else {
        return "after advance(to: \(reading.nanoseconds)) the next deadline is \(next.nanoseconds)"
      }
      wakeCount += 1
      let work = workCount + formerWorkCount
      return wakeCount < min(DeadlineCheck.wakeLimit, idleWakeLimit + memberCount + work)
        ? nil : "the engine woke up \(wakeCount) times in a second, having \(work) other inputs"
    }
  }

  private var states = PerNode<State>()

  package init() {}

  func started(_ node: Int, in simulation: Simulation) {
    let interval = simulation.nodes[node].configuration.interval.wholeNanoseconds
    states.begin(node, State(interval: interval))
  }

  func took(_ input: Input, _ engine: Engine, at node: Int, in simulation: Simulation) {
    let reading = simulation.clockReading(of: node)
    let detail = states[node]
      .call(input, engine.memberCount, at: simulation.time, reading: reading)
    if let detail { simulation.fail(Self.self, node, detail) }
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
