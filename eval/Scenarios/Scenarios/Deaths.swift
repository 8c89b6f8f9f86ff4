internal import GrapevineCore

/// When which process ended: what a report that it is down is judged by.
struct Deaths {
  private var times: [MemberID: Instant] = [:]

  /// Notes that a process ends now, or begins to leave.
  mutating func note(_ node: Int, of cluster: any Cluster) {
    times[cluster.id(of: node)] = cluster.now
  }

  func time(of member: MemberID) -> Instant? { times[member] }

  /// The reports that called down what lived.
  func wrong(_ reports: [DownReport]) -> [DownReport] {
    reports.filter { report in times[report.member].map { report.time < $0 } ?? true }
  }
}
