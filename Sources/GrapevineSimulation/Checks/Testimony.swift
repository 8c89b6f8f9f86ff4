import GrapevineCore

/// Who said what of whom, by each life's key: what standings may hold.
///
/// It only ever grows: a process that died is quoted for as long as anyone remembers.
struct Testimony {
  private var accusations: Set<Accusation> = []
  /// By accuser how many of its accusations were overtaken before anyone could see them.
  private var unseen: [MemberKey: Int] = [:]
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

  /// An engine has accused a member of silence; says whether it had not done so before.
  @discardableResult
  mutating func accused(_ member: MemberKey, _ incarnation: UInt64, by accuser: MemberKey) -> Bool {
    let accusation = Accusation(member: member, incarnation: incarnation, accuser: accuser)
    return accusations.insert(accusation).inserted
  }

  /// An engine has accused more members than it holds for accused: of some it heard in the same
  /// moment what is newer, and its packets may tell of the accusation.
  mutating func accusedUnseen(_ count: Int, by accuser: MemberKey) {
    unseen[accuser, default: 0] += count
  }

  /// Says whether an accusation was made, or is one of those that nobody saw.
  mutating func admits(_ accuser: MemberKey, _ member: MemberKey, _ incarnation: UInt64) -> Bool {
    if hasAccused(accuser, member, incarnation) { return true }
    guard let count = unseen[accuser], count > 0 else { return false }
    unseen[accuser] = count - 1
    return accused(member, incarnation, by: accuser)
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

  private func hasAccused(_ accuser: MemberKey, _ member: MemberKey, _ incarnation: UInt64) -> Bool
  {
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
