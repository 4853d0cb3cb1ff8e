using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Text;
using NvsFirmware.Tests.Host;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Serve;

/// <summary>nvs serve as a process; it is known to serve when it says so as to systemd.</summary>
internal sealed class ServeProcess : IDisposable
{
    private readonly Socket notices = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly string noticePath;
    private readonly NvsCommand command;

    /// <summary>Starts it, and waits until it serves.</summary>
    /// <param name="boardPort">The board's port.</param>
    /// <param name="arguments">The command line behind <c>serve</c>.</param>
    public ServeProcess(string boardPort, params string[] arguments)
    {
        noticePath = Path.Combine(Path.GetTempPath(), $"nvs-notice-{Guid.NewGuid():n}");
        notices.Bind(new UnixDomainSocketEndPoint(noticePath));
        notices.ReceiveTimeout = ChildProcess.GuardMs;
        command = NvsCommand.Start(
            boardPort,
            new Dictionary<string, string?> { ["NOTIFY_SOCKET"] = noticePath, ["DOTNET_EnableDiagnostics"] = "0" },
            ["serve", .. arguments]);
        Ready = Notice();
        if (!Ready.StartsWith("READY=1\n", StringComparison.Ordinal))
            throw new InvalidOperationException($"nvs serve says '{Ready}' first");
    }

    /// <summary>What it has said when it was ready.</summary>
    public string Ready { get; }

    /// <summary>What it says next.</summary>
    public string Notice()
    {
        byte[] buffer = new byte[1000];
        return Encoding.UTF8.GetString(buffer, 0, notices.Receive(buffer));
    }

    /// <summary>Ends it with SIGKILL.</summary>
    public void Kill()
    {
        command.Send(Signal.Kill);
        command.End();
    }

    /// <summary>Ends it as systemd does.</summary>
    public NvsCommand.Outcome Stop()
    {
        command.Send(Signal.Terminate);
        return command.End();
    }

    public void Dispose()
    {
        Kill();
        command.Dispose();
        notices.Dispose();
        File.Delete(noticePath);
    }
}
