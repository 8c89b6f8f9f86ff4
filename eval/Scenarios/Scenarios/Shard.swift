internal import GrapevineCore
internal import GrapevineSharding

/// How evenly each algorithm places keys, what it moves, and how fast it is.
enum Shard {
  /// A node with keys to own.
  struct Peer: ShardPeer {
    let name: String
    let state = PeerState.participant
    let weight: Int
  }

  static func run(_ measurement: Measurement) throws(EvaluationError) -> Outcome {
    let options = measurement.options
    let keys = (0..<options.keyCount).map { _ in ShardKey(rawValue: measurement.random.next()) }
    let work = ShardWork(
      peers: peers(options),
      added: Peer(name: "one-more", weight: options.weights[0]),
      keys: keys,
      shuffled: shuffled(peers(options), measurement)
    )
    var found: [ShardFigures] = []
    for algorithm in options.algorithms {
      measurement.progress.report("\(algorithm.rawValue) with \(options.nodes) nodes")
      switch algorithm {
      case .ring:
        for tokens in options.tokens { found.append(try ring(work, tokens)) }
      case .rendezvous: found.append(try work.figures("rendezvous", Rendezvous()))
      case .multiprobe: found.append(try work.figures("multiprobe", Multiprobe()))
      }
    }
    return outcome(found)
  }

  private static func ring(
    _ work: ShardWork,
    _ tokens: Int
  ) throws(EvaluationError) -> ShardFigures {
    guard let ring = try? HashRing<Peer>(tokensPerNode: tokens) else {
      throw EvaluationError("there is no ring with \(tokens) tokens a node")
    }
    return try work.figures("ring \(tokens)", ring) { before, after in
      before.difference(to: after, for: .readWrite)
    }
  }

  /// Sorted by name, as a node lists its members.
  private static func peers(_ options: Options) -> [Peer] {
    (0..<options.nodes).map { index in
      Peer(
        name: Measurement.name(index, of: options.nodes),
        weight: options.weights[index % options.weights.count]
      )
    }
  }

  private static func shuffled(_ peers: [Peer], _ measurement: Measurement) -> [Peer] {
    var peers = peers
    measurement.random.shuffle(&peers)
    return peers
  }

  /// The conditions under which it is measured.
  static func conditions(_ options: Options) -> [String] {
    let more = options.weights.count > 5 ? ", …" : ""
    let weights = options.weights.prefix(5).map { "\($0)" }.joined(separator: ", ") + more
    return [
      "\(options.nodes) nodes", "\(options.keyCount) keys",
      options.weights.count == 1 ? "weight \(weights)" : "weights \(weights) in turn",
    ]
  }
}

// The report.
extension Shard {
  private static func outcome(_ found: [ShardFigures]) -> Outcome {
    var outcome = Outcome()
    outcome.lines += ["a node's share of the keys, 1 is what its weight asks for:", ""]
    outcome.lines += balance(found).lines
    outcome.lines += ["", "the moved share of all keys, in percent, and beside the ideal:", ""]
    outcome.lines += movement(found).lines
    outcome.lines += ["", "time, and memory without the nodes' names:", ""]
    outcome.lines += speed(found).lines
    outcome.figures = found.map { ($0.name, $0.json) }
    for figures in found {
      let between = figures.added.between + figures.removed.between
      guard between > 0 else { continue }
      outcome.failures.append("\(figures.name) moves keys between two nodes that stay")
    }
    return outcome
  }

  private static func balance(_ found: [ShardFigures]) -> TextTable {
    var table = TextTable(header: ["", "min", "max", "deviation"])
    for figures in found {
      table.add([
        figures.name, NumberText.fixed(figures.minimum, 3), NumberText.fixed(figures.maximum, 3),
        NumberText.fixed(figures.deviation, 3),
      ])
    }
    return table
  }

  private static func movement(_ found: [ShardFigures]) -> TextTable {
    var table = TextTable(header: [
      "", "one added", "of ideal", "one removed", "of ideal", "between others",
    ])
    for figures in found {
      let moves = [figures.added, figures.removed]
      table.add(
        [figures.name]
          + moves.flatMap { move in
            [
              NumberText.fixed(move.share * 100, 3), NumberText.fixed(move.share / move.ideal, 3),
            ]
          }
          + [NumberText.fixed(moves.reduce(0) { $0 + $1.between } * 100, 3)]
      )
    }
    return table
  }

  private static func speed(_ found: [ShardFigures]) -> TextTable {
    var table = TextTable(header: [
      "", "one owner ns", "three ns", "replace ms", "unsorted ms", "memory",
    ])
    for figures in found {
      table.add([
        figures.name, NumberText.fixed(figures.lookup, 1),
        NumberText.fixed(figures.lookupOfThree, 1),
        NumberText.fixed(figures.replacement, 4), NumberText.fixed(figures.unsortedReplacement, 4),
        NumberText.bytes(figures.memorySize),
      ])
    }
    return table
  }
}
