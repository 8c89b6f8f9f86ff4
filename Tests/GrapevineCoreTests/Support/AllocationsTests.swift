import Allocations
import Testing

struct AllocationsTests {
  @Test func `what a thread allocates is counted`() throws {
    let none = try Allocations.count { 1 + 1 }
    #expect(none.size == 0)
    let thousand = try Allocations.count { [UInt8](repeating: 1, count: 1_000) }
    #expect(thousand.result.count == 1_000)
    #expect((1_000...1_100).contains(thousand.size))
  }
}
