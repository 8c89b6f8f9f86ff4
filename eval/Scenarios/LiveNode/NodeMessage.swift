internal import Grapevine
internal import GrapevineCore

/// What other threads tell the one that a node's session runs on.
enum NodeMessage: Sendable {
  /// Something happened to another member, which had been silent for so long.
  case event(Event, at: Instant, silence: Duration?, address: Endpoint?)
  case missed(count: Int, members: Int, at: Instant)
  /// Nobody has answered so far.
  case waiting([AddressFailure])
  case unreached([AddressFailure])
  case connected([String])
  case joinEnded(Joining.Outcome)
  case stateChanged
  case signal(CInt)
  case left(Result<LeaveReport, NodeError>)
}

/// Tells a session all that happens to other members.
struct SessionWatcher: Watcher {
  let node: Node
  let mailbox: Mailbox<NodeMessage>

  func didJoin(_ member: MemberID) { tell(.joined(member), isPlaced: true) }
  func didBeginToLeave(_ member: MemberID) { tell(.leaving(member)) }
  func didLeave(_ member: MemberID) { tell(.left(member)) }
  func didGoDown(_ member: MemberID) { tell(.down(member)) }
  func didComeUp(_ member: MemberID) { tell(.up(member)) }
  func didSet(_ entry: Entry, of member: MemberID) { tell(.keySet(member, entry)) }
  func didDelete(_ key: String, version: Version, of member: MemberID) {
    tell(.keyDeleted(member, key: key, version: version))
  }
  func didExpire(_ member: MemberID) { tell(.expired(member)) }
  func didReplace(_ old: MemberID, by new: MemberID) {
    tell(.replaced(old, by: new), isPlaced: true)
  }
  func didFindNameConflict(with rival: MemberID, at address: Endpoint) {
    tell(.nameConflict(own: node.id, rival: rival, address: address))
  }
  func didMiss(_ count: Int, members: [Member]) {
    mailbox.post(.missed(count: count, members: members.count, at: MachineClock.now))
  }

  private func tell(_ event: Event, isPlaced: Bool = false) {
    var silence: Duration?
    if case .down(let id) = event { silence = node.silence(of: id) }
    let address = isPlaced ? node.member(named: event.member.name)?.address : nil
    mailbox.post(.event(event, at: MachineClock.now, silence: silence, address: address))
  }
}

extension Node {
  /// The time since this node last had a packet of the member itself; nil if it never had.
  func silence(of id: MemberID) -> Duration? {
    metrics.peers.first { $0.id == id }?.silence
  }
}
