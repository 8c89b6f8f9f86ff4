import Glibc
import GrapevineTransport

/// A UDP and a TCP socket that were bound to one address and port by someone else: by systemd, or
/// by a process that hands its place over.
///
/// A node with the transport ``Node/Transport/streams`` needs the TCP socket alone, and closes the
/// other.
///
/// The node that is given them takes them over once its configuration has been found valid: it
/// closes them when it ends, or can't be started. A descriptor that is no such socket is left
/// alone. They can be given to one node only.
public final class BoundSockets: Sendable {
  /// The descriptor of the UDP socket; nil if there is none.
  public let datagrams: Int32?
  /// The descriptor of the TCP socket, listening or not yet.
  public let listener: Int32
  private let isTaken = Locked(false)

  /// Names two sockets by their descriptors, for one node.
  public init(datagrams: Int32, listener: Int32) {
    self.datagrams = datagrams
    self.listener = listener
  }

  /// Names a TCP socket by its descriptor, for one node with the transport
  /// ``Node/Transport/streams``.
  public init(listener: Int32) {
    datagrams = nil
    self.listener = listener
  }

  /// Hands the sockets over, once.
  func take() throws(NodeError) -> BoundSockets {
    let isFirst = isTaken.withLock { isTaken in
      defer { isTaken = true }
      return !isTaken
    }
    guard isFirst else {
      throw NodeError(
        .invalidConfiguration,
        value: description,
        reason: "a node has been given these sockets already: each needs two of its own"
      )
    }
    return self
  }

  /// The sockets that systemd has passed to this process, by the variables `LISTEN_PID` and
  /// `LISTEN_FDS`: the first of each type, where a unit has `ListenDatagram=` and `ListenStream=`.
  ///
  /// They are the same ones at each call, and so for one node.
  ///
  /// - Returns: Nil if it has passed none to this process. Where there is no `ListenDatagram=` it
  ///   is the TCP socket alone.
  /// - Throws: ``NodeError`` with the code `invalidConfiguration` if the TCP socket is missing.
  public static func fromSystemd() throws(NodeError) -> BoundSockets? {
    try passed.get()
  }

  private static let passed: Result<BoundSockets?, NodeError> = Result {
    () throws(NodeError) -> BoundSockets? in
    guard let process = number("LISTEN_PID"), process == getpid(),
      let count = number("LISTEN_FDS"), count > 0
    else { return nil }
    return try first(among: firstDescriptor..<firstDescriptor + min(count, descriptorLimit))
  }

  /// The first socket of each type among descriptors.
  package static func first(
    among descriptors: some Sequence<Int32>
  ) throws(NodeError) -> BoundSockets {
    let types = descriptors.map { (descriptor: $0, type: System.socketType(of: $0)) }
    guard let listener = types.first(where: { $0.type == .stream })?.descriptor else {
      let found = types.map { entry in
        "\(entry.descriptor): " + (entry.type.map { "\($0)" } ?? "no socket of the Internet")
      }
      throw NodeError(
        .invalidConfiguration,
        value: found.joined(separator: ", "),
        reason: "a UDP and a TCP socket are needed: `ListenDatagram=` and `ListenStream=`"
      )
    }
    guard let datagrams = types.first(where: { $0.type == .datagrams })?.descriptor else {
      return BoundSockets(listener: listener)
    }
    return BoundSockets(datagrams: datagrams, listener: listener)
  }

  /// What systemd passes begins after standard error.
  private static let firstDescriptor: Int32 = 3
  private static let descriptorLimit: Int32 = 1_024

  private static func number(_ variable: String) -> Int32? {
    getenv(variable).flatMap { Int32(String(cString: $0)) }
  }
}

extension BoundSockets: CustomStringConvertible {
  /// The two as `descriptors 3 and 4`, or one as `descriptor 3`.
  public var description: String {
    datagrams.map { "descriptors \($0) and \(listener)" } ?? "descriptor \(listener)"
  }
}
