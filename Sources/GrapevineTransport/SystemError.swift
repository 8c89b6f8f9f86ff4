internal import Glibc

/// A system call that failed: which one, on what, and the error number.
package struct SystemError: Error, Hashable, Sendable {
  /// The error number, such as `EADDRINUSE`.
  package let code: Int32
  /// What was tried, such as `bind 127.0.0.1:7000`.
  package let operation: String

  package init(code: Int32, operation: String) {
    self.code = code
    self.operation = operation
  }
}

extension SystemError: CustomStringConvertible {
  /// The error as `bind 127.0.0.1:7000: Address already in use (98)`.
  package var description: String {
    // glibc's texts of known numbers are constants, and those of unknown ones are kept per thread.
    "\(operation): \(String(cString: strerror(code))) (\(code))"
  }
}

extension SystemError {
  /// Says whether the process or the system has run out of descriptors or memory for now.
  package var isExhaustion: Bool {
    switch code {
    case EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC: true
    default: false
    }
  }

  /// The same error about a more telling operation.
  func during(_ operation: String) -> SystemError {
    SystemError(code: code, operation: operation)
  }
}
