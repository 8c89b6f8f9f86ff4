/// Why something sealed, or something that is not, was refused.
public enum SealFault: String, Error, Sendable, Hashable, CaseIterable, Codable,
  CodingKeyRepresentable
{
  /// It was sealed with a key that is not here.
  case unknownKey
  /// It was not sealed with the key that it names, or was changed on its way.
  case badTag
  /// It had come before, or came too late to know.
  case replayed
  /// It was plain, where only what is sealed is taken.
  case plain
  /// Its sender was not who had sealed it.
  case senderMismatch
  /// It was sealed and broke a rule of the format.
  case malformed
}

/// What a node with a ``PacketSealer`` has counted since it started.
public struct SealingMetrics: Sendable, Hashable, Codable {
  /// Packets that were sealed and sent.
  public internal(set) var packetsSealed = 0
  /// Sealed packets that were opened.
  public internal(set) var packetsOpened = 0
  /// Pieces of streams that were sealed and sent, of at most 16 KiB each.
  public internal(set) var recordsSealed = 0
  /// Sealed pieces of streams that were opened.
  public internal(set) var recordsOpened = 0
  /// Packets that were sent plain.
  public internal(set) var packetsSentPlain = 0
  /// Plain packets that were taken.
  public internal(set) var packetsTakenPlain = 0
  /// Packets that were not sent since they could not be sealed.
  public internal(set) var packetsNotSealed = 0
  /// Sessions of others that are remembered now.
  public internal(set) var sessions = 0
  /// Packets that were refused.
  public internal(set) var refusedPackets = Refusals()
  /// Streams that were broken off.
  public internal(set) var refusedStreams = Refusals()

  init() {}

  /// A count per ``SealFault``.
  public struct Refusals: Sendable, Hashable, Codable {
    private var counts: [SealFault: Int] = [:]

    init() {}

    /// The number of refusals for this reason.
    public internal(set) subscript(fault: SealFault) -> Int {
      get { counts[fault, default: 0] }
      set { counts[fault] = newValue }
    }

    /// The number of refusals in all.
    public var total: Int { counts.values.reduce(0, +) }
  }
}

extension SealingMetrics.Refusals: CustomStringConvertible {
  /// The reasons that occurred with their counts, such as `badTag 2, replayed 1`, or `none`.
  public var description: String {
    let told = SealFault.allCases.filter { self[$0] > 0 }.map { "\($0) \(self[$0])" }
    return told.isEmpty ? "none" : told.joined(separator: ", ")
  }
}

extension SealingMetrics: CustomStringConvertible {
  /// All counts on one line.
  public var description: String {
    """
    packets \(packetsSealed) sealed, \(packetsOpened) opened, \(packetsSentPlain) sent plain, \
    \(packetsTakenPlain) taken plain, \(packetsNotSealed) not sealed; \
    records \(recordsSealed) sealed, \(recordsOpened) opened; sessions \(sessions); \
    refused packets: \(refusedPackets); refused streams: \(refusedStreams)
    """
  }
}
