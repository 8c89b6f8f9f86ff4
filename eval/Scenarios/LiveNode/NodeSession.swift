internal import Glibc
internal import Grapevine
internal import GrapevineCore

/// A real node and the person at its terminal.
///
/// One thread, the process's first, reads and writes; others send it what they have to tell. A
/// thread of its own waits for signals, so that a reader of the output who reads no more can't keep
/// the node from leaving.
final class NodeSession {
  private let options: NodeOptions
  private let node: Node
  private let mailbox: Mailbox<NodeMessage>
  private let start = MachineClock.now
  private var input = InputLines()
  private var isInputOpen = true
  private var isOutputOpen = true
  private var isConnected = false
  private var isLeaving = false
  /// How long it waits for others to take note that it leaves.
  private static let leaveLimit: Duration = .seconds(5)

  /// The time of what was told last: an event that comes late does not turn it back.
  private var lastTime: Instant
  /// What the process ends with, once it is to end.
  private var status: CInt?

  /// Runs a node until it has left.
  ///
  /// - Returns: the exit status.
  /// - Throws: ``EvaluationError`` if the node can't be started, ``UsageError`` if the options ask
  ///   for what no node takes.
  static func run(_ options: NodeOptions) throws -> CInt {
    StandardFiles.complete()
    signal(SIGPIPE, SIG_IGN)
    // A background process of a terminal that reads is told so, in place of being stopped.
    signal(SIGTTIN, SIG_IGN)
    let signals = StopSignals()
    let session = try NodeSession(options)
    defer { session.node.close() }
    try session.begin(signals)
    return session.loop()
  }

  private init(_ options: NodeOptions) throws {
    self.options = options
    lastTime = start
    mailbox = try Mailbox()
    do throws(NodeError) {
      node = try Node(options.configuration)
    } catch {
      throw EvaluationError("the node can't be started: \(error)\(Self.advice(error))")
    }
  }

  private static func advice(_ error: NodeError) -> String {
    switch error.code {
    case .addressInUse: "; another process has that port: --bind :0 takes a free one"
    case .addressUnavailable: "; this machine does not have that address: --bind :7000 takes all"
    default: ""
    }
  }
}

// The beginning and the end.
extension NodeSession {
  private func begin(_ signals: StopSignals) throws {
    do throws(NodeError) {
      try node.update(options.settings.map { .set(key: $0.key, value: $0.value) })
    } catch {
      throw UsageError("--set: \(error)")
    }
    if options.state != .viewer { changeState() }
    tell(SessionLine(started: node, options))
    if StandardInput.isTerminal, !options.isJSON { tell(.help) }
    let known = node.watch(SessionWatcher(node: node, mailbox: mailbox)).members
    for member in known where !member.isSelf { tell(member) }
    let (node, mailbox) = (node, mailbox)
    _ = try WorkerThread {
      let first = signals.next()
      mailbox.postIfRoom(.signal(first))
      Self.leave(node, mailbox)
      StopSignals.end(signals.next())
    }
    let joining =
      Joining(
        node: node,
        addresses: options.joins,
        limit: options.joinTimeout,
        mailbox: mailbox
      )
    guard !joining.addresses.isEmpty else { return }
    Task { await mailbox.send(.joinEnded(await joining.run())) }
  }

  /// Takes the state that was asked for, which is over at once while the node is alone.
  private func changeState() {
    let (node, mailbox, state) = (node, mailbox, options.state)
    Task {
      // A viewer can become a participant, and no other state can be asked for.
      try? await node.changeState(to: state)
      await mailbox.send(.stateChanged)
    }
    var file = pollfd(fd: mailbox.readEnd, events: Int16(POLLIN), revents: 0)
    while mailbox.take() == nil { poll(&file, 1, -1) }
  }

  /// Lets the node leave; what came of it is told once.
  private static func leave(_ node: Node, _ mailbox: Mailbox<NodeMessage>) {
    let leaving = Task { () -> Result<LeaveReport, NodeError> in
      do throws(NodeError) {
        return .success(try await node.leave())
      } catch {
        return .failure(error)
      }
    }
    Task {
      // Whoever stops processes does not wait for long, and the node has left all the same.
      try? await Task.sleep(for: leaveLimit)
      leaving.cancel()
    }
    Task {
      let outcome = await leaving.value
      Task {
        // Whoever reads the output may read no more: then nobody is left to be told.
        try? await Task.sleep(for: .seconds(2))
        _exit(0)
      }
      mailbox.postIfRoom(.left(outcome))
    }
  }

  private func leave() {
    guard !isLeaving else { return }
    isLeaving = true
    Self.leave(node, mailbox)
  }
}

// What the thread does.
extension NodeSession {
  private func loop() -> CInt {
    while true {
      var files = [
        pollfd(fd: mailbox.readEnd, events: Int16(POLLIN), revents: 0),
        // A negative descriptor is passed over.
        pollfd(fd: isInputOpen ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
        // No event is asked for: what comes unasked is that nobody reads any more.
        pollfd(fd: isOutputOpen ? STDOUT_FILENO : -1, events: 0, revents: 0),
      ]
      poll(&files, nfds_t(files.count), -1)
      while let message = mailbox.take() {
        handle(message)
        if let status { return status }
      }
      if files[2].revents != 0 { outputHasEnded() }
      if files[1].revents != 0 { read() }
      if let status { return status }
    }
  }

  private func tell(_ line: SessionLine, at time: Instant = MachineClock.now) {
    guard isOutputOpen else { return }
    lastTime = max(lastTime, time)
    let elapsed = Duration.nanoseconds(Int64(lastTime.since(start)))
    let text = line.rendered(after: elapsed, isJSON: options.isJSON)
    if !StandardOutput.writeIfRead(text) { outputHasEnded() }
  }

  /// A member that joined before events were told.
  private func tell(_ member: Member) {
    tell(SessionLine(.joined(member.id), silence: nil, address: member.address))
    for entry in member.entries {
      tell(SessionLine(set: entry, of: member.id))
    }
  }

  private func outputHasEnded() {
    isOutputOpen = false
    leave()
  }

  private func handle(_ message: NodeMessage) {
    switch message {
    case .event(let event, let time, let silence, let address):
      tell(SessionLine(event, silence: silence, address: address), at: time)
      if case .nameConflict = event { checkName() }
    case .missed(let count, let members, let time):
      let text = "\(count) events were too many to be told; \(members) members are known"
      tell(SessionLine(verb: "missed", text: text, fields: [("count", .integer(count))]), at: time)
    case .connected(let names):
      isConnected = true
      tell(SessionLine(connected: names))
    case .waiting(let failures):
      guard !isConnected, !isLeaving else { break }
      tell(SessionLine(waiting: failures, limit: options.joinTimeout))
    case .unreached(let failures): tell(SessionLine(unreached: failures))
    case .stateChanged: break
    case .joinEnded(let outcome): handle(outcome)
    case .signal(let number):
      isLeaving = true
      tell(SessionLine(stopping: number))
    case .left(let outcome): handle(outcome)
    }
  }

  private func handle(_ outcome: Joining.Outcome) {
    switch outcome {
    case .connected, .ended: break
    case .isSelf: tell(.alone)
    case .failed(let failures):
      guard !isLeaving else { break }
      let limit = ValueText.text(options.joinTimeout)
      let lines = failures.map { "\n  \($0)" }.joined()
      StandardError.write("eval: nobody could be joined within \(limit):\(lines)\n")
      status = 1
    }
  }

  private func handle(_ outcome: Result<LeaveReport, NodeError>) {
    switch outcome {
    case .success(let report): tell(SessionLine(gone: report))
    case .failure(let error) where error.code == .leaveFailed:
      tell(SessionLine(unheardBy: error.members))
    case .failure(let error) where error.code == .cancelled:
      tell(SessionLine(unheardWithin: Self.leaveLimit))
    case .failure(let error): tell(SessionLine(error: "\(error)"))
    }
    status = status ?? 0
  }

  /// Of two processes with one name one goes on; the other can do nothing more.
  private func checkName() {
    guard case .nameTaken(let rival) = node.status else { return }
    StandardError.write(
      "eval: the live member \(rival) goes by this node's name; --name gives it another one\n"
    )
    status = 1
  }
}

// What is typed.
extension NodeSession {
  private func read() {
    switch StandardInput.read() {
    case .bytes(let bytes):
      for line in input.take(bytes) { obey(line) }
    case .nothing: break
    case .notForThisProcess:
      // Others type now, in the foreground: each of their keys would wake this thread.
      MachineClock.sleep(.milliseconds(200))
    case .end where StandardInput.isTerminal:
      // Ctrl-D; more can be typed behind it.
      tell(.help)
    case .end:
      isInputOpen = false
      if let line = input.finish() { obey(line) }
    }
  }

  private func obey(_ line: InputLines.Line) {
    do {
      switch line {
      case .tooLong:
        throw UsageError("a line must have at most \(InputLines.limit) bytes: it was not read")
      case .whole(let bytes):
        guard let instruction = try Instruction(line: bytes) else { return }
        try obey(instruction)
      }
    } catch {
      tell(SessionLine(error: "\(error)"))
    }
  }

  private func obey(_ instruction: Instruction) throws {
    switch instruction {
    case .set(let key, let value):
      let version = try node.set(key, value)
      tell(SessionLine(set: Entry(key: key, value: value, version: version), of: node.id))
    case .delete(let key):
      let id = node.id
      guard node.entry(of: key, member: id.name) != nil else {
        throw UsageError("this node has no key “\(key)”")
      }
      tell(SessionLine(deleted: key, version: try node.delete(key), of: id))
    case .members:
      let peers = node.metrics.peers
      tell(
        SessionLine(members: node.members) { id in peers.first { $0.id == id }?.silence }
      )
    case .show(let name, let key): try show(name, key)
    case .metrics: tell(SessionLine(metrics: node.counters))
    case .prometheus: tell(SessionLine(prometheus: node.metrics))
    case .leave: leave()
    case .help: tell(.help)
    }
  }

  private func show(_ name: String, _ key: String?) throws(UsageError) {
    guard let member = node.member(named: name) else {
      // What others are called must not be obeyed by the terminal.
      let names = node.memberSummaries.map { ByteText.word($0.name) }
      throw UsageError("there is no member “\(name)”\(Suggestion.hint(name, among: names))")
    }
    guard let key else { return tell(SessionLine(show: member)) }
    guard let entry = node.entry(of: key, member: name) else {
      let keys = member.entries.map { ByteText.word($0.key) }
      throw UsageError("“\(name)” has no key “\(key)”\(Suggestion.hint(key, among: keys))")
    }
    tell(SessionLine(show: entry, of: member.id))
  }
}
