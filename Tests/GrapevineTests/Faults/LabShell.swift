import Glibc
import Grapevine
import GrapevineTransport

/// A shell that runs commands as root of namespaces of its own: network, mounts, processes and,
/// where this process is not root, users.
///
/// All that its commands make is in these namespaces, so it is gone when the shell is, which ends
/// with its input: also if this process is killed. So are daemons that they start.
final class LabShell: Sendable {
  private let process: ChildProcess
  private let state = Locked((count: 0, output: [UInt8]()))
  private let isRoot = getuid() == 0

  /// How long a command may take; each is a matter of milliseconds.
  private static let patience: CInt = 20_000

  init() throws(NoLab) {
    let users = isRoot ? [] : ["--user", "--map-root-user"]
    do {
      let namespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child"]
      process = try ChildProcess(["unshare"] + users + namespaces + ["sh"])
    } catch {
      throw NoLab(reason: "\(error)")
    }
    // What others keep under this folder is hidden, so that no name collides and none is left.
    try run("mount -t tmpfs lab /run && mkdir /run/netns && ip link set lo up")
  }

  deinit {
    close(process.socket)
  }
}

/// Why no laboratory can be made here.
struct NoLab: Error, CustomStringConvertible {
  let reason: String

  var description: String {
    """
    \(reason)
    Tests of the network make network namespaces of their own. They need Linux with veth, bridge, \
    tbf and BPF classifiers, the right to make namespaces (root, or a system that lets its users), \
    and the commands ip and tc (iproute2), unshare, nsenter and mount (util-linux). On a machine \
    without these, NAMESPACES=off leaves the tests out.
    """
  }
}

extension LabShell {
  /// Runs a command to its end and returns what it printed.
  @discardableResult
  func run(_ command: String) throws(NoLab) -> String {
    let result = state.withLock { state -> Result<String, NoLab> in
      state.count += 1
      let mark = "end of \(state.count):"
      let line = "{ \(command)\n} </dev/null 2>&1; echo \"\(mark) $?\"\n"
      let bytes = Array(line.utf8)
      _ = bytes.withUnsafeBytes {
        send(process.socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      return Result { () throws(NoLab) in
        try readOutput(until: mark, of: command, &state.output)
      }
    }
    return try result.get()
  }

  /// The command that runs the command behind it in the namespaces of `host`, in its own process:
  /// in that of its network and, if wanted, in the one of mounts that all hosts share.
  func launcher(in host: String, sharesMounts: Bool = false) -> [String] {
    let folder = "/proc/\(process.id)"
    let users = isRoot ? [] : ["--user=\(folder)/ns/user", "--preserve-credentials"]
    let mounts = sharesMounts ? ["--mount=\(folder)/ns/mnt"] : []
    return ["nsenter"] + users + ["--net=\(folder)/root/run/netns/\(host)"] + mounts
  }

  private func readOutput(
    until mark: String,
    of command: String,
    _ output: inout [UInt8]
  ) throws(NoLab) -> String {
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while true {
      let text = String(decoding: output, as: UTF8.self)
      if text.hasSuffix("\n"), let found = text.split(separator: "\n").last,
        found.hasPrefix(mark)
      {
        output = []
        let printed = String(text.dropLast(found.count + 1))
        guard found == "\(mark) 0" else { throw NoLab(reason: "\(command)\n\(printed)") }
        return printed
      }
      var ready = pollfd(fd: process.socket, events: Int16(POLLIN), revents: 0)
      guard poll(&ready, 1, Self.patience) == 1 else {
        throw NoLab(reason: "\(command)\nIt does not come to its end.\n\(text)")
      }
      let count = read(process.socket, &buffer, buffer.count)
      guard count > 0 else { throw NoLab(reason: "\(command)\nThe shell has ended.\n\(text)") }
      output += buffer[..<count]
    }
  }
}
