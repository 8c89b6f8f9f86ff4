import GrapevineCore

// Why there is no accord yet, in words.
extension SwarmRun {
  /// What each node of the core still lacks, holds too much, or waits for.
  func pending() -> [String] {
    let members = members
    var lines = Self.abridge(members.flatMap { lacks(of: $0, among: members) })
    lines += Self.abridge(members.flatMap { excess(of: $0, among: members) })
    lines += Self.abridge(members.flatMap { accusations(at: $0) })
    lines += Self.abridge(simulation.openStreams(among: members))
    return lines
  }

  private static let lineLimit = 24

  private static func abridge(_ lines: [String]) -> [String] {
    guard lines.count > lineLimit else { return lines }
    return lines.prefix(lineLimit) + ["and \(lines.count - lineLimit) more of that kind"]
  }

  /// What a node does not hold of those that take part as they are.
  private func lacks(of node: Int, among members: [Int]) -> [String] {
    members.compactMap { owner in
      guard owner != node else { return nil }
      let id = simulation.engine(at: owner).localID
      let version = simulation.engine(at: owner).version(of: id.name) ?? 0
      guard let held = simulation.member(named: id.name, at: node) else {
        return "node \(node) does not know \(id), which is node \(owner)"
      }
      if held.id != id { return "node \(node) holds \(held.id) for node \(owner), which is \(id)" }
      if !held.isLive { return "node \(node) holds \(id) for \(Self.state(of: held)), which lives" }
      if held.version != version {
        return "node \(node) is at version \(held.version) of \(id), which is at \(version)"
      }
      if held.address != simulation.endpoint(of: owner) {
        return "node \(node) has \(held.address) for \(id), which is at "
          + "\(simulation.endpoint(of: owner))"
      }
      return nil
    }
  }

  /// Who a node lists besides those that take part.
  private func excess(of node: Int, among members: [Int]) -> [String] {
    let names = members.map { simulation.engine(at: $0).localID.name }
    return simulation.members(of: node).compactMap { member in
      guard !names.contains(where: { $0.hasSameBytes(as: member.name) }) else { return nil }
      let rest = member.expiry.map { ", for \($0) more" } ?? ""
      return "node \(node) lists \(member.id) as \(Self.state(of: member))\(rest), "
        + "which takes no part"
    }
  }

  private func accusations(at node: Int) -> [String] {
    simulation.members(of: node).compactMap { member in
      let accusers = simulation.engine(at: node).accusers(of: member.name)
      guard member.isLive, !accusers.isEmpty else { return nil }
      let names = accusers.map { "\($0)" }.joined(separator: ", ")
      return "at node \(node) \(member.id) stands accused by \(names)"
    }
  }

  private static func state(of member: Member) -> String {
    member.hasLeft ? "gone" : member.isDown ? "down" : "live"
  }
}

extension Simulation {
  /// The connections that are not over, in words.
  func openStreams(among group: [Int]) -> [String] {
    connections.indices.compactMap { index in
      guard let connection = connections[index], group.contains(connection.opener),
        connection.openerStream != nil || connection.acceptorStream != nil
      else { return nil }
      let target = connection.acceptor.map { "node \($0)" } ?? "\(connection.target)"
      let age = (time - connection.openedAt) / 1_000_000
      let state =
        connection.stalledSince != nil
        ? "stalled" : connection.openerIsConnected ? "connected" : "connecting"
      let waiting = connection.forward.pending.count + connection.backward.pending.count
      return "node \(connection.opener) has had a stream to \(target) for \(age) ms: \(state), "
        + "\(waiting) bytes wait"
    }
  }
}
