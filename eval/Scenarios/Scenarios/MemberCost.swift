internal import GrapevineCore

/// What a member takes in a node's table, and an entry of it.
struct MemberCost {
  let entries: Int
  /// In use by the allocator.
  let bytesPerMember: Double

  /// What an entry takes, the member's own bytes shared out among them; nil if there is none.
  func bytesPerEntry(beyond member: Double) -> Double? {
    entries == 0 ? nil : (bytesPerMember - member) / Double(entries)
  }

  /// The cost of members with each number of entries, the least first.
  static func measured() -> [MemberCost] {
    [0, 1, 4, 16, 64, 1_000].map { entries in
      let members = min(20_000, max(100, 32_000 / max(1, entries)))
      let before = ProcessMemory.allocated
      let table = Sample.table(memberCount: members, entryCount: entries)
      let bytes = withExtendedLifetime(table) { ProcessMemory.allocated - before }
      return MemberCost(entries: entries, bytesPerMember: Double(bytes) / Double(members))
    }
  }
}

extension [MemberCost] {
  /// A table for people.
  var lines: [String] {
    var table = TextTable(header: ["entries of a member", "bytes per member", "per entry"])
    for cost in self {
      table.add([
        "\(cost.entries)", NumberText.fixed(cost.bytesPerMember, 0),
        perEntry(cost).map { NumberText.fixed($0, 0) } ?? "-",
      ])
    }
    return table.lines
  }

  var json: JSON {
    .array(
      map { cost in
        var fields: [(String, JSON)] = [
          ("entries", .integer(cost.entries)), ("bytes_per_member", .number(cost.bytesPerMember)),
        ]
        if let bytes = perEntry(cost) { fields.append(("bytes_per_entry", .number(bytes))) }
        return .object(fields)
      }
    )
  }

  private func perEntry(_ cost: MemberCost) -> Double? {
    cost.bytesPerEntry(beyond: first { $0.entries == 0 }?.bytesPerMember ?? 0)
  }
}
