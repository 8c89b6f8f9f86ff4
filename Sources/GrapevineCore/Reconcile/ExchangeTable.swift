/// What is going on with one peer between packets.
package struct Exchange: Sendable {
  package let peer: MemberKey
  /// Members of which the peer has more than it has sent so far, and what this node holds of them
  /// is behind.
  package var behind: [MemberKey] = []
  /// Says that something of the burst under way was new.
  package var hasProgress = false
  /// How often in a row the peer was asked for something and brought nothing new.
  package var fruitless = 0
  /// How many digests in a row were sent to the peer without an answer.
  package var unanswered = 0

  /// Says that packets do not get through as they should.
  package var isStuck: Bool { fruitless >= Self.stuckCount || unanswered > Self.stuckCount }
  package static let stuckCount = 3
  /// No stream is opened to the peer for want of progress before this.
  package var streamAllowedAt = Instant.zero
  /// The next pause after a stream that brought nothing either, in nanoseconds.
  package var streamPause: UInt64 = 0
  /// Whether the next stream goes to where the peer's packet came from.
  package var isSourceNext = false

  package static let behindLimit = 64

  /// The two hold the same.
  package mutating func noteAgreement() {
    behind = []
    hasProgress = false
    fruitless = 0
    unanswered = 0
    streamPause = 0
    isSourceNext = false
  }
}

/// The exchanges with the peers heard of last.
package struct ExchangeTable: Sendable {
  /// The most recently used last.
  private var exchanges: [Exchange] = []
  package static let limit = 64

  package init() {}

  package var count: Int { exchanges.count }

  /// Changes what is known of a peer; the least recently used one makes room.
  package mutating func update<Result>(
    _ peer: MemberKey,
    _ body: (inout Exchange) -> Result
  ) -> Result {
    var exchange: Exchange
    if let index = exchanges.lastIndex(where: { $0.peer == peer }) {
      exchange = exchanges.remove(at: index)
    } else {
      if exchanges.count >= Self.limit { exchanges.removeFirst() }
      exchange = Exchange(peer: peer)
    }
    let result = body(&exchange)
    exchanges.append(exchange)
    return result
  }

  /// The peer's exchange as it is, if there is one.
  package func find(_ peer: MemberKey) -> Exchange? {
    exchanges.last { $0.peer == peer }
  }
}
