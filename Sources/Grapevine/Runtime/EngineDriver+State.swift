internal import GrapevineCore
internal import GrapevineTransport

extension EngineDriver {
  /// What the engine's lock protects.
  struct State {
    var engine: Engine
    var delegate: (any NodeRuntimeDelegate)?
    /// The socket that any thread may send by; nil after the end, and where there is none.
    var socket: DatagramSocket?
    /// The driver's place on the loop, once it has one.
    var clientID: ClientID?
    var hasEnded = false
    /// What the engine wants of streams, for the loop to do in order.
    var actions: [StreamAction] = []
    /// The deadline that the loop knows.
    var knownDeadline = Instant.never
    /// Whether the loop was poked and has not come yet.
    var isPoked = false
    /// Where nothing gets to, on purpose.
    var unreachable: Set<Endpoint> = []
    /// Packets lost on purpose.
    private(set) var lossCount = 0
    private var losses: SendLoss.Draws?

    init(
      engine: Engine,
      delegate: (any NodeRuntimeDelegate)?,
      socket: DatagramSocket?,
      losses: SendLoss.Draws?
    ) {
      self.engine = engine
      self.delegate = delegate
      self.socket = socket
      self.losses = losses
    }
  }

  /// What is to be done after unlocking.
  struct Outcome {
    /// Packets to send, and by which socket.
    var outbox: DatagramOutbox?
    var socket: DatagramSocket?
    /// Whom to tell that events were collected.
    var delegate: (any NodeRuntimeDelegate)?
    /// Whom to poke, for stream actions or an earlier deadline.
    var poke: ClientID?
    /// The driver's place on the loop.
    var client: ClientID?
    /// Whether a batch was not enough for the packets.
    var isUnfinished = false
  }
}

extension EngineDriver.State {
  /// Whether what the engine wants is done.
  var isRunning: Bool { clientID != nil && !hasEnded }

  /// Takes what the engine wants: events go to the delegate, stream actions are queued, and one
  /// batch of packets, if there are any, goes into `outbox`.
  mutating func pull(
    into outbox: @autoclosure () -> DatagramOutbox,
    at now: Instant
  ) -> EngineDriver.Outcome {
    var outcome = EngineDriver.Outcome()
    while let event = engine.nextEvent() {
      delegate?.collect(event, now: now)
      outcome.delegate = delegate
    }
    while let action = engine.nextStreamAction() { actions.append(action) }
    guard engine.hasDatagrams else { return outcome }
    let outbox = outbox()
    outcome.isUnfinished = true
    while outbox.count < DatagramOutbox.batchSize {
      let hasAppended = outbox.append(isLost: { isNextLost(to: $0) }) {
        engine.nextDatagram(into: &$0)
      }
      guard hasAppended else {
        outcome.isUnfinished = false
        break
      }
    }
    outcome.outbox = outbox
    outcome.socket = socket
    return outcome
  }

  /// The same for a thread other than the loop's, which takes a box of the loop's spare ones, and
  /// then may have to poke the loop.
  mutating func pull(at now: Instant, on loop: EventLoop) -> EngineDriver.Outcome {
    guard isRunning else { return EngineDriver.Outcome() }
    var outcome = pull(into: loop.takeOutbox(), at: now)
    outcome.client = clientID
    guard !isPoked, !actions.isEmpty || engine.nextDeadline < knownDeadline else { return outcome }
    isPoked = true
    outcome.poke = clientID
    return outcome
  }

  private mutating func isNextLost(to destination: Endpoint) -> Bool {
    let isLost = losses?.isNextLost() == true
    guard isLost || unreachable.contains(destination) else { return false }
    lossCount += 1
    return true
  }
}
