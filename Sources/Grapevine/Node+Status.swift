public import GrapevineCore

extension Node {
  /// Says how far a node takes part in its cluster, as far as it itself knows.
  public enum Status: Sendable, Hashable {
    /// It takes part, also while it is alone or about to leave.
    case active
    /// It has been told to leave.
    case left
    /// Another live process goes by its name and goes on in its place: it is silent for good, and
    /// what is to go on needs a new node.
    case nameTaken(by: MemberID)
    /// It was closed.
    case closed
  }

  /// Says whether the node still takes part; it never does again once it does not.
  public var status: Status { hub.status }
}

extension Node.Status: CustomStringConvertible {
  /// The case's name, such as `active`, and who has the name.
  public var description: String {
    switch self {
    case .active: "active"
    case .left: "left"
    case .nameTaken(let rival): "name taken by \(rival)"
    case .closed: "closed"
    }
  }
}
