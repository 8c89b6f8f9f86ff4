public import GrapevineCore
public import GrapevineSharding

/// A live member as one that may own keys.
public struct Peer: ShardPeer, Hashable, Sendable {
  /// The member's identity.
  public let id: MemberID
  /// Where the member takes packets and streams.
  public let address: Endpoint
  /// What part the member has in owning keys.
  public let state: PeerState
  /// The member's share beside that of others, in percent of the usual one.
  public let weight: Int
  /// Says whether the member is the node that was asked.
  public let isSelf: Bool

  /// Creates a peer.
  public init(
    id: MemberID,
    address: Endpoint,
    state: PeerState,
    weight: Int = 100,
    isSelf: Bool = false
  ) {
    self.id = id
    self.address = address
    self.state = state
    self.weight = weight
    self.isSelf = isSelf
  }

  /// The member's name, which places it.
  public var name: String { id.name }
}

extension Peer: CustomStringConvertible {
  /// The member's name.
  public var description: String { name }
}

extension Peer: Codable {
  private enum CodingKeys: String, CodingKey {
    case name
    case generation
    case address = "addr"
    case isSelf
    case state
    case weight
  }

  /// Reads a peer as ``encode(to:)`` writes it; generation and weight may be missing.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = MemberID(
      name: try container.decode(String.self, forKey: .name),
      generation: try container.decodeIfPresent(UInt64.self, forKey: .generation) ?? 0
    )
    address = try container.decode(Endpoint.self, forKey: .address)
    isSelf = try container.decode(Bool.self, forKey: .isSelf)
    state = try container.decode(PeerState.self, forKey: .state)
    weight = try container.decodeIfPresent(Int.self, forKey: .weight) ?? 100
  }

  /// Writes an object with `name`, `generation`, `addr`, `isSelf`, `state` and `weight`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(id.generation, forKey: .generation)
    try container.encode(address, forKey: .address)
    try container.encode(isSelf, forKey: .isSelf)
    try container.encode(state, forKey: .state)
    try container.encode(weight, forKey: .weight)
  }
}

extension Member {
  /// What part the member has in owning keys.
  ///
  /// One that participates and has announced that it leaves, or has left, is terminating.
  public var state: PeerState {
    guard weight != nil else { return .viewer }
    return isLeaving || hasLeft ? .terminating : .participant
  }

  /// The member as a peer; nil if it left or is down, as these own nothing.
  var peer: Peer? {
    guard isLive else { return nil }
    return Peer(
      id: id,
      address: address,
      state: state,
      weight: weight ?? 100,
      isSelf: isSelf
    )
  }
}
