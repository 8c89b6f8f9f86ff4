import GrapevineCore
import GrapevineHashing

/// A history of one owner, its replicas, and a network that loses, doubles, delays and re-orders.
///
/// Node 0 is the owner. All that travels is written and read in the real wire format. Seed and length give
/// the same history each time.
struct History {
  let seed: UInt64
  private(set) var owner = OwnerModel()
  private(set) var nodes: [MemberRecord]
  private(set) var watches: [ReplicaWatch]
  private(set) var coverage = HistoryCoverage()
  /// What happened, in words, if anyone wants to read it.
  let transcript: Transcript?

  private var random: Xoshiro256
  private var messages: [Message] = []
  private var streams: [Stream] = []
  /// Pairs of nodes that can't reach each other, by `from * nodes + to`.
  private var isCut: [Bool]
  /// How often each kind of step comes.
  private let weights: [UInt64]
  private let limits = EntryLimits(entryCount: 1_000, keySize: 1_024, valueSize: 1_048_576)

  private struct Message {
    enum Content {
      case request(Progress)
      case delta([UInt8])
    }

    var from: Int
    var to: Int
    var content: Content
  }

  /// A snapshot, or entries too large for a packet, on their way in order.
  private struct Stream {
    var from: Int
    var to: Int
    var owed: Owed
    var snapshot: SnapshotWriter?
    var pieces: [[UInt8]] = []
    var isWritten = false
    var staged: StagedSnapshot?
  }

  private enum Step: Int, CaseIterable {
    case set, delete, batch, compact, request, deliver, double, lose, stream, breakStream, cut, heal
    case restart

    /// Zero for faults, which some histories have none of.
    var usualWeight: UInt64 {
      switch self {
      case .set: 5
      case .delete: 4
      case .compact: 2
      case .request: 8
      case .deliver: 12
      case .stream: 6
      case .batch, .double, .lose, .breakStream, .cut, .heal, .restart: 0
      }
    }
  }

  init(seed: UInt64, transcript: Transcript? = nil) {
    self.seed = seed
    random = Xoshiro256(seed: seed)
    let count = 3 + random.index(2)
    let id = MemberID(name: "owner", generation: 1)
    let hash = SipHash(key0: seed, key1: 1)
    let record = MemberRecord(
      id: id,
      endpoint: Endpoint(ipv4: 0x7F00_0001, port: 7_000),
      standing: Standing(),
      verdictSince: .zero,
      hash: hash
    )
    nodes = Array(repeating: record, count: count)
    watches = Array(repeating: ReplicaWatch(), count: count)
    isCut = Array(repeating: false, count: count * count)
    self.transcript = transcript
    var draws: [UInt64] = []
    for step in Step.allCases {
      let usual = step.usualWeight
      draws.append(usual > 0 ? 1 + random.below(2 * usual) : random.below(3))
    }
    weights = draws
  }
}

// MARK: Running

extension History {
  /// Takes `count` steps of chance, then lets all faults stop and everything settle.
  mutating func run(stepCount count: Int) throws {
    for _ in 0..<count { try step() }
    try settle()
  }

  private mutating func step() throws {
    var draw = random.below(weights.reduce(0, +))
    let index = weights.firstIndex { weight in
      defer { draw = draw < weight ? 0 : draw - weight }
      return draw < weight
    }
    guard let index, let step = Step(rawValue: index) else { return }
    switch step {
    case .set: try change { $0.set(&$1) }
    case .delete: try change { $0.delete(&$1) }
    case .batch: for _ in 0...random.index(6) { try change { $0.set(&$1) } }
    case .compact: try compact()
    case .request: request()
    case .deliver: try deliver(keeping: false)
    case .double: try deliver(keeping: true)
    case .lose: if !messages.isEmpty { _ = messages.remove(at: random.index(messages.count)) }
    case .stream: try moveStream()
    case .breakStream: if !streams.isEmpty { _ = streams.remove(at: random.index(streams.count)) }
    case .cut: isCut[random.index(isCut.count)] = true
    case .heal: isCut = isCut.map { _ in false }
    case .restart: restart()
    }
  }
}

// MARK: The owner

extension History {
  private mutating func change(
    _ body: (inout OwnerChange, inout Xoshiro256) -> Void
  ) throws {
    var change = OwnerChange(owner: owner, state: nodes[0].state)
    body(&change, &random)
    owner = change.owner
    nodes[0].state = change.state
    transcript?.note("owner: \(change.text)")
    try checkOwner()
  }

  private mutating func compact() throws {
    let tombstones = owner.tombstones
    guard !tombstones.isEmpty else { return }
    let bound = tombstones[random.index(tombstones.count)]
    owner.compact(upTo: bound)
    nodes[0].state.compact(upTo: bound)
    coverage.compactions += 1
    transcript?.note("owner: compact up to \(bound) at \(owner.version)")
    try checkOwner()
  }

  /// The owner's state is the model's, to the byte.
  private func checkOwner() throws {
    let state = nodes[0].state
    state.checkInvariants()
    let expected = owner.content(at: owner.version, compacted: owner.compacted)
    let held = ReplicaWatch.content(of: state).map { entry in
      entry.map {
        OwnerModel.Operation(version: $0.version, value: $0.isDeleted ? nil : $0.value)
      }
    }
    let progress = Progress(version: owner.version, compacted: owner.compacted)
    guard state.progress == progress, held == expected else {
      throw HistoryFailure(description: "the owner's own state is not the model's")
    }
  }
}

/// One change by the owner, made to the model and to the real state alike.
struct OwnerChange {
  var owner: OwnerModel
  var state: VersionedState
  var text = ""

  mutating func set(_ random: inout Xoshiro256) {
    let key = random.index(OwnerModel.keys.count)
    let size = random.chance(1, outOf: 8) ? 100 + random.index(200) : random.index(12)
    let value = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.below(3)) }
    let isChange = state.set(key: OwnerModel.keys[key], value: value)
    let before = owner.version
    owner.set(key, value)
    precondition(isChange == (owner.version != before), "model and state differ on a change")
    text = "set \(OwnerModel.keys[key])@\(owner.version), \(size) bytes"
  }

  mutating func delete(_ random: inout Xoshiro256) {
    let key = random.index(OwnerModel.keys.count)
    let isChange = state.delete(key: OwnerModel.keys[key])
    let before = owner.version
    owner.delete(key)
    precondition(isChange == (owner.version != before), "model and state differ on a change")
    text = isChange ? "delete \(OwnerModel.keys[key])@\(owner.version)" : "delete nothing"
  }
}

// MARK: Exchange

extension History {
  private func isOpen(_ from: Int, _ to: Int) -> Bool { !isCut[from * nodes.count + to] }

  private mutating func send(_ message: Message) {
    guard isOpen(message.from, message.to) else { return }
    messages.append(message)
    if messages.count > 24 { messages.remove(at: random.index(messages.count)) }
  }

  private mutating func request() {
    let asking = 1 + random.index(nodes.count - 1)
    var asked = random.index(nodes.count - 1)
    if asked >= asking { asked += 1 }
    transcript?.note("\(asking) asks \(asked) at \(nodes[asking].state.progress)")
    send(
      Message(
        from: asking, to: asked, content: .request(nodes[asking].state.progress)))
  }

  private mutating func deliver(keeping isKept: Bool) throws {
    guard !messages.isEmpty else { return }
    let index = random.index(messages.count)
    let message = messages[index]
    if !isKept { messages.swapAt(index, messages.count - 1) }
    if !isKept { messages.removeLast() }
    guard isOpen(message.from, message.to) else { return }
    switch message.content {
    case .request(let replica): try answer(message.to, asking: message.from, replica)
    case .delta(let bytes): try take(bytes, at: message.to, from: message.from)
    }
  }

  /// A holder adopts the asker's compaction if it may; then it sends what fits, as plain sections.
  private mutating func answer(_ node: Int, asking: Int, _ replica: Progress) throws {
    try meet(replica, at: node)
    var owed = Owed(
      key: nodes[node].key,
      replica: replica,
      needsIdentity: random.chance(1, outOf: 4),
      needsStanding: random.chance(1, outOf: 4)
    )
    let limit = 120 + random.index(200)
    let share = random.index(limit)
    for _ in 0...random.index(4) {
      var bytes: [UInt8] = []
      let outcome = nodes[node].write(
        &owed, to: &bytes, limit: limit, share: share, entryLimit: limit - 80, now: .zero)
      guard bytes.count <= limit else {
        throw HistoryFailure(description: "\(bytes.count) bytes where \(limit) are allowed")
      }
      transcript?.note("\(node) to \(asking), at \(replica): \(bytes.count) bytes, \(outcome)")
      if !bytes.isEmpty {
        send(Message(from: node, to: asking, content: .delta(bytes)))
      }
      switch outcome {
      case .complete, .noRoom: return
      case .partial: coverage.partials += 1
      case .needsStream:
        open(from: node, to: asking)
        return
      }
    }
  }

  private mutating func meet(_ replica: Progress, at node: Int) throws {
    let own = nodes[node].state.progress
    guard node != 0, replica.compacted > own.compacted, own.version >= replica.compacted else {
      return
    }
    nodes[node].state.adopt(compacted: replica.compacted)
    coverage.adoptions += 1
    transcript?.note("\(node) adopts \(replica.compacted)")
    try watches[node].check(nodes[node].state, against: owner, changes: [])
  }

  /// A replica that is told so opens a stream, and says on it how far it has got.
  private mutating func open(from: Int, to: Int) {
    guard streams.count < 6, isOpen(from, to), isOpen(to, from) else { return }
    let replica = nodes[to].state.progress
    streams.append(Stream(from: from, to: to, owed: Owed(key: nodes[to].key, replica: replica)))
  }

  /// Writes a further piece of a stream, or delivers its next one.
  private mutating func moveStream() throws {
    guard !streams.isEmpty else { return }
    let index = random.index(streams.count)
    if !streams[index].isWritten, streams[index].pieces.isEmpty || random.chance(1, outOf: 2) {
      write(index)
    } else if streams[index].pieces.isEmpty {
      streams.remove(at: index)
    } else if isOpen(streams[index].from, streams[index].to) {
      let bytes = streams[index].pieces.removeFirst()
      var staged = streams[index].staged
      try take(bytes, at: streams[index].to, from: streams[index].from, staged: &staged)
      streams[index].staged = staged
    }
  }

  private mutating func write(_ index: Int) {
    var bytes: [UInt8] = []
    let size = 1 + random.index(300)
    let node = streams[index].from
    let replica = streams[index].owed.replica
    if streams[index].snapshot == nil,
      Offer.decide(own: nodes[node].state.progress, replica: replica) == .snapshot
    {
      transcript?.note("\(node) takes a snapshot for \(streams[index].to) at \(replica)")
      streams[index].snapshot = SnapshotWriter(
        key: nodes[node].key, state: nodes[node].state, replica: replica)
    }
    if streams[index].snapshot != nil {
      streams[index].isWritten = streams[index].snapshot?.write(to: &bytes, size: size) ?? true
    } else {
      let outcome = nodes[node].write(
        &streams[index].owed,
        to: &bytes,
        limit: 100_000,
        share: size,
        entryLimit: 90_000,
        now: .zero
      )
      streams[index].isWritten = outcome != .partial
    }
    if !bytes.isEmpty { streams[index].pieces.append(bytes) }
  }

  private mutating func restart() {
    let node = 1 + random.index(nodes.count - 1)
    transcript?.note("\(node) starts anew")
    nodes[node] = MemberRecord(
      id: nodes[0].id,
      endpoint: nodes[0].endpoint,
      standing: Standing(),
      verdictSince: .zero,
      hash: SipHash(key0: seed, key1: UInt64(node))
    )
    watches[node] = ReplicaWatch()
    streams.removeAll { $0.from == node || $0.to == node }
  }
}

// MARK: Receiving

extension History {
  private mutating func take(_ bytes: [UInt8], at node: Int, from: Int) throws {
    var staged: StagedSnapshot?
    try take(bytes, at: node, from: from, staged: &staged)
    guard staged == nil else {
      throw HistoryFailure(description: "a packet carried a piece of a snapshot")
    }
  }

  private mutating func take(
    _ bytes: [UInt8], at node: Int, from: Int, staged: inout StagedSnapshot?
  ) throws {
    let span = bytes.span
    var reader = WireReader(0..<bytes.count)
    let section: Section
    do {
      section = try Section.read(span, &reader)
    } catch {
      throw HistoryFailure(description: "what was written can't be read: \(error)")
    }
    guard reader.isAtEnd, section.key == nodes[node].key else {
      throw HistoryFailure(description: "a section was not read as it was written")
    }
    guard let state = section.state, node != 0 else { return }
    var log = ChangeLog(isRecording: true)
    let before = nodes[node].state.progress
    let acceptance: Acceptance
    if state.isSnapshot {
      guard let result = try stage(section, state, span, at: node, &staged, &log) else { return }
      acceptance = result
    } else {
      acceptance = nodes[node].state.apply(state, span, limits: limits, log: &log)
    }
    transcript?.note("\(node) from \(from), at \(before): \(state), \(acceptance), \(log.changes)")
    coverage.count(acceptance, isSnapshot: state.isSnapshot)
    guard acceptance != .overLimit, acceptance == .accepted || nodes[node].state.progress == before
    else { throw HistoryFailure(description: "\(acceptance) at \(before)") }
    try watches[node].check(
      nodes[node].state, against: owner, changes: log.changes, isAtOnce: state.isSnapshot)
  }

  private mutating func stage(
    _ section: Section,
    _ state: Section.State,
    _ bytes: Span<UInt8>,
    at node: Int,
    _ staged: inout StagedSnapshot?,
    _ log: inout ChangeLog
  ) throws -> Acceptance? {
    var snapshot = staged ?? StagedSnapshot(state)
    guard snapshot.isContinued(by: state),
      section.retained.map({ snapshot.retain($0, bytes) }) ?? true,
      snapshot.add(state, bytes, limits: limits)
    else { throw HistoryFailure(description: "a snapshot's piece does not go on from the last") }
    staged = snapshot
    guard state.isComplete else { return nil }
    if snapshot.retainedCount > 0 { coverage.retentions += 1 }
    let own = nodes[node].state
    let acceptance = nodes[node].state.apply(snapshot, log: &log)
    if acceptance != .accepted, Acceptance.snapshot(snapshot.progress, own: own.progress) == .accepted
    {
      throw HistoryFailure(
        description: "a snapshot of \(snapshot.progress) from \(snapshot.base) names what "
          + "\(node) lacks at \(own.progress)")
    }
    return acceptance
  }
}

// MARK: Settling

extension History {
  /// Faults stop; each replica goes on asking one neighbour, nearer to the owner, until all are equal.
  private mutating func settle() throws {
    transcript?.note("faults stop")
    isCut = isCut.map { _ in false }
    while !messages.isEmpty { try deliver(keeping: false) }
    let parents = nodes.indices.map { $0 == 0 ? 0 : random.index($0) }
    for round in 0..<20 {
      let isEqual = nodes.allSatisfy { $0.contribution == nodes[0].contribution }
      if isEqual { return try checkEqual(after: round) }
      for node in nodes.indices.dropFirst() {
        messages.append(
          Message(from: node, to: parents[node], content: .request(nodes[node].state.progress)))
      }
      var deliveries = 0
      while !messages.isEmpty || !streams.isEmpty, deliveries < 2_000 {
        deliveries += 1
        try deliver(keeping: false)
        try moveStream()
      }
    }
    throw HistoryFailure(
      description: "not equal after 20 rounds: \(nodes.map(\.state.progress)), parents \(parents)")
  }

  private mutating func checkEqual(after round: Int) throws {
    coverage.roundsToSettle = round
    let expected = ReplicaWatch.content(of: nodes[0].state).map { $0?.entry }
    for node in nodes.dropFirst() {
      guard ReplicaWatch.content(of: node.state).map({ $0?.entry }) == expected else {
        throw HistoryFailure(description: "equal fingerprints, but not equal content")
      }
    }
  }
}

/// How often what a history is about came about.
struct HistoryCoverage {
  var compactions = 0
  var adoptions = 0
  var partials = 0
  var applied = 0
  var gaps = 0
  var refusals = 0
  var snapshots = 0
  var snapshotRefusals = 0
  var retentions = 0
  var roundsToSettle = 0

  mutating func count(_ acceptance: Acceptance, isSnapshot: Bool) {
    switch acceptance {
    case .accepted: if isSnapshot { snapshots += 1 } else { applied += 1 }
    case .refused: if isSnapshot { snapshotRefusals += 1 } else { refusals += 1 }
    case .gap: gaps += 1
    case .overLimit: break
    }
  }

  static func + (first: HistoryCoverage, second: HistoryCoverage) -> HistoryCoverage {
    HistoryCoverage(
      compactions: first.compactions + second.compactions,
      adoptions: first.adoptions + second.adoptions,
      partials: first.partials + second.partials,
      applied: first.applied + second.applied,
      gaps: first.gaps + second.gaps,
      refusals: first.refusals + second.refusals,
      snapshots: first.snapshots + second.snapshots,
      snapshotRefusals: first.snapshotRefusals + second.snapshotRefusals,
      retentions: first.retentions + second.retentions,
      roundsToSettle: max(first.roundsToSettle, second.roundsToSettle)
    )
  }
}

/// What happened in a history, in words.
final class Transcript {
  private(set) var lines: [String] = []

  func note(_ line: String) {
    lines.append(line)
  }
}
