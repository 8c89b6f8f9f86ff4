import GrapevineCore

/// Who said what of whom, by each life's key: what standings may hold.
///
/// It only ever grows: a process that died is quoted for as long as anyone remembers.
struct Testimony {
  private var accusations: Set<Accusation> = []
  private var verdicts: Set<Judged> = []
  private var incarnations: [MemberKey: UInt64] = [:]
  private var departed: Set<MemberKey> = []

  private struct Accusation: Hashable {
    let member: MemberKey
    let incarnation: UInt64
    let accuser: MemberKey
  }

  private struct Judged: Hashable {
    let member: MemberKey
    let incarnation: UInt64
  }

  /// An engine has accused a member of silence.
  mutating func accused(_ member: MemberKey, _ incarnation: UInt64, by accuser: MemberKey) {
    accusations.insert(Accusation(member: member, incarnation: incarnation, accuser: accuser))
  }

  /// An engine has concluded that a member is down.
  mutating func judged(_ member: MemberKey, _ incarnation: UInt64) {
    verdicts.insert(Judged(member: member, incarnation: incarnation))
  }

  /// A member has raised its own incarnation.
  mutating func raised(_ member: MemberKey, to incarnation: UInt64) {
    incarnations[member] = max(incarnations[member] ?? 0, incarnation)
  }

  /// A member has left.
  mutating func left(_ member: MemberKey) {
    departed.insert(member)
  }

  func hasAccused(_ accuser: MemberKey, _ member: MemberKey, _ incarnation: UInt64) -> Bool {
    accusations.contains(
      Accusation(member: member, incarnation: incarnation, accuser: accuser)
    )
  }

  func isJudged(_ member: MemberKey, _ incarnation: UInt64) -> Bool {
    verdicts.contains(Judged(member: member, incarnation: incarnation))
  }

  /// The highest incarnation that the member took itself.
  func incarnation(of member: MemberKey) -> UInt64 { incarnations[member] ?? 0 }

  func hasLeft(_ member: MemberKey) -> Bool { departed.contains(member) }
}
