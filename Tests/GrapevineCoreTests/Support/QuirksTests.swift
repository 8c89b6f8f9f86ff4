import GrapevineCore
import Testing

@Suite struct `The quirks of an engine` {
  @Test func `are none unless a simulation asks for some`() {
    let quirks = Quirks()
    for site in Quirks.Site.allCases { #expect(quirks.count(of: site) == 0) }
  }

  @Test func `have names of their own, and so have planted faults`() {
    let sites = Quirks.Site.allCases.map(\.rawValue)
    #expect(Set(sites).count == sites.count && sites.count >= 8)
    let faults = PlantedFault.allCases.map(\.rawValue)
    #expect(Set(faults).count == faults.count && faults.count >= 10)
    #expect(Set(PlantedFault.allCases.map(\.reason)).count == faults.count)
  }
}
