using System.CommandLine;
using NvsSim;

namespace NvsHost.Commands;

/// <summary>sim: the simulated board, in this process.</summary>
internal static class SimCommand
{
    /// <summary>Adds the command.</summary>
    public static void AddTo(Command root)
    {
        Command command = new("sim", Simulation.Description);
        Simulation.Make(command);
        root.Subcommands.Add(command);
    }
}
