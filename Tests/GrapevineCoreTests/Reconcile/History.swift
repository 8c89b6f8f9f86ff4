import GrapevineCore
import GrapevineHashing

/// A history of one owner, its replicas, and a network that loses, doubles, delays and re-orders.
///
/// Node 0 is the owner. All that travels is written and read in the real wire format. Seed and
/// length give the same history each time.
struct History {
  let seed: UInt64
  var owner = OwnerModel()
  var nodes: [MemberRecord]
  var watches: [ReplicaWatch]
  var coverage = HistoryCoverage()
  /// What happened, in words, if anyone wants to read it.
  let transcript: Transcript?

  var random: Xoshiro256
  var messages: [Message] = []
  var streams: [Stream] = []
  /// Pairs of nodes that can't reach each other, by `from * nodes + to`.
  var isCut: [Bool]
  /// The number of keys that the owner uses; where they are few, each is written more often.
  let keyCount: Int
  /// How often each kind of step comes.
  private let weights: [UInt64]
  /// No more than the owner ever holds, so that a replica which holds more is found out.
  let limits: EntryLimits

  struct Message {
    enum Content {
      case request(Progress)
      case delta([UInt8])
    }

    var from: Int
    var to: Int
    var content: Content
  }

  /// A snapshot, or entries too large for a packet, on their way in order.
  struct Stream {
    var from: Int
    var to: Int
    var owed: Owed
    var snapshot: SnapshotWriter?
    var pieces: [[UInt8]] = []
    var isWritten = false
    var staged: StagedSnapshot?
  }

  enum Step: Int, CaseIterable {
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
      verdictSince: PastInstant(.zero),
      state: VersionedState(hash: hash)
    )
    nodes = Array(repeating: record, count: count)
    watches = Array(repeating: ReplicaWatch(), count: count)
    isCut = Array(repeating: false, count: count * count)
    self.transcript = transcript
    keyCount = 2 + random.index(OwnerModel.keys.count - 1)
    limits = EntryLimits(entryCount: keyCount, keySize: 1_024, valueSize: 1_048_576)
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

  mutating func step() throws {
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

// MARK: Settling

extension History {
  /// Faults stop; each replica goes on asking one neighbour, nearer to the owner, until all are
  /// equal.
  mutating func settle() throws {
    transcript?.note("faults stop")
    isCut = isCut.map { _ in false }
    while !messages.isEmpty { try deliver(keeping: false) }
    let parents = nodes.indices.map { $0 == 0 ? 0 : random.index($0) }
    for round in 0..<20 {
      let isEqual = nodes.allSatisfy { $0.contribution == nodes[0].contribution }
      if isEqual { return try checkEqual(after: round) }
      for node in nodes.indices.dropFirst() {
        messages.append(
          Message(from: node, to: parents[node], content: .request(nodes[node].state.progress))
        )
      }
      var deliveries = 0
      while !messages.isEmpty || !streams.isEmpty, deliveries < 2_000 {
        deliveries += 1
        try deliver(keeping: false)
        try moveStream()
      }
    }
    throw HistoryFailure(
      description: "not equal after 20 rounds: \(nodes.map(\.state.progress)), parents \(parents)"
    )
  }

  mutating func checkEqual(after round: Int) throws {
    coverage.roundsToSettle = round
    let expected = ReplicaWatch.content(of: nodes[0].state).map { $0?.entry }
    for node in nodes.dropFirst() {
      guard ReplicaWatch.content(of: node.state).map({ $0?.entry }) == expected else {
        throw HistoryFailure(description: "equal fingerprints, but not equal content")
      }
    }
  }
}

/// What happened in a history, in words.
final class Transcript {
  private(set) var lines: [String] = []

  func note(_ line: String) {
    lines.append(line)
  }
}
