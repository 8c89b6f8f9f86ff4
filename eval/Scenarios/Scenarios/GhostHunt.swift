internal import GrapevineCore

/// Finds members in tables that should have gone from them.
struct GhostHunt {
  /// The time after its verdict at which a member must be gone from every table.
  let patience: Duration
  private var verdicts: [MemberID: Instant] = [:]
  private var seenReports = 0
  private(set) var found: Set<MemberID> = []

  init(patience: Duration) {
    self.patience = patience
  }

  /// Notes when it was said for the first time that a member is gone.
  mutating func noteVerdict(_ member: MemberID, at time: Instant) {
    verdicts[member] = min(verdicts[member] ?? time, time)
  }

  /// Looks for members in the nodes' tables whose time there is over.
  mutating func look(at nodes: [Int], of cluster: any Cluster, _ deaths: Deaths) {
    let reports = cluster.downReports
    for report in reports.dropFirst(seenReports) where deaths.time(of: report.member) != nil {
      noteVerdict(report.member, at: report.time)
    }
    seenReports = reports.count
    let now = cluster.now
    for node in nodes {
      for member in cluster.members(at: node) {
        guard let verdict = verdicts[member.id], verdict + patience < now else { continue }
        found.insert(member.id)
      }
    }
  }

  /// Looks for anyone in the nodes' tables who is not one of them, which is to be nobody now.
  mutating func lookAtEnd(at nodes: [Int], of cluster: any Cluster) {
    let living = Set(nodes.map { cluster.id(of: $0) })
    for node in nodes {
      for member in cluster.members(at: node) where !living.contains(member.id) {
        found.insert(member.id)
      }
    }
  }
}
