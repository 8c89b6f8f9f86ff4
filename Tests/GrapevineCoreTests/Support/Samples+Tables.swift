import GrapevineCore

extension Samples {
  /// A table of `count` members; of each hundred some forty are down, left or accused unless all
  /// are to be live.
  static func table(
    _ count: Int,
    allLive: Bool = false,
    _ random: inout Xoshiro256
  ) -> MemberTable {
    var table = MemberTable(hash: Samples.hash)
    for index in 0..<count {
      var record = record("member \(index)", generation: random.below(3))
      if !allLive {
        switch random.index(10) {
        case 0: record.standing.verdict = .down
        case 1: record.standing.verdict = .left
        case 2, 3: record.standing.accuse(MemberKey(rawValue: random.next()))
        default: break
        }
      }
      table.insert(record)
    }
    return table
  }
}
