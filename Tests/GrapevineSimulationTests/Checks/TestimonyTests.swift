import GrapevineCore
import Testing

@testable import GrapevineSimulation

/// Which accusations may be told on.
struct TestimonyTests {
  private let accuser = MemberKey(MemberID(name: "accuser", generation: 1))
  private let member = MemberKey(MemberID(name: "member", generation: 1))

  @Test func `one that was seen is, of the incarnation that it was of`() {
    var testimony = Testimony()
    let before = testimony.admits(accuser, member, 0)
    let isNew = [0, 0].map { testimony.accused(member, $0, by: accuser) }
    let after = [0, 0, 1].map { testimony.admits(accuser, member, $0) }
    let turned = testimony.admits(member, accuser, 0)
    #expect(!before && !turned)
    #expect(isNew == [true, false])
    #expect(after == [true, true, false])
  }

  // Found by seed 0x434 of an engine that drew otherwise.
  @Test func `of those that nobody saw as many are as were made`() {
    var testimony = Testimony()
    testimony.accusedUnseen(2, by: accuser)
    let admitted = [0, 0, 3, 4, 3].map { testimony.admits(accuser, member, $0) }
    let turned = testimony.admits(member, accuser, 0)
    #expect(admitted == [true, true, true, false, true])
    #expect(!turned)
  }
}
