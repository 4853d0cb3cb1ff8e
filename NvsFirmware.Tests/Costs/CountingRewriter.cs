using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace NvsFirmware.Tests.Costs;

/// <summary>
/// Rewrites the firmware's assembly so that it counts what it executes: in front of each run of instructions that is entered at its first
/// and left at its last, a call of <see cref="Counters.Count"/>. A run ends at a branch and at a call, so that the count is exact at any
/// moment at which the firmware calls something outside.
/// </summary>
internal sealed class CountingRewriter
{
    // What allocates ahead.
    private const string Allocation = "VirtualTrackBuffer.Prepare";

    private readonly ModuleDefinition module;
    private readonly MethodReference count;
    private readonly MethodReference countUnknown;
    private readonly MethodReference beginAllocation;
    private readonly MethodReference endAllocation;
    private readonly Dictionary<string, int> numbers = [];

    private CountingRewriter(ModuleDefinition module)
    {
        this.module = module;
        count = Import(nameof(Counters.Count));
        countUnknown = Import(nameof(Counters.CountUnknown));
        beginAllocation = Import(nameof(Counters.BeginAllocation));
        endAllocation = Import(nameof(Counters.EndAllocation));
    }

    /// <summary>Rewrites an assembly.</summary>
    /// <param name="path">The assembly, built Release: what runs on a board.</param>
    /// <param name="methods">Names of the methods, by the numbers with which they are counted.</param>
    public static byte[] Rewrite(string path, out string[] methods)
    {
        using AssemblyDefinition assembly = AssemblyDefinition.ReadAssembly(path);
        CountingRewriter rewriter = new(assembly.MainModule);
        foreach (MethodDefinition method in assembly.MainModule.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody))
            rewriter.Rewrite(method);
        methods = [.. rewriter.numbers.OrderBy(pair => pair.Value).Select(pair => pair.Key)];
        using MemoryStream rewritten = new();
        assembly.Write(rewritten);
        return rewritten.ToArray();
    }

    private void Rewrite(MethodDefinition method)
    {
        MethodBody body = method.Body;
        body.SimplifyMacros();
        int number = Number(Name(method));
        Instruction[] instructions = [.. body.Instructions];
        HashSet<Instruction> leaders = Leaders(body);
        ILProcessor il = body.GetILProcessor();
        Dictionary<Instruction, Instruction> moved = [];
        for (int start = 0, end; start < instructions.Length; start = end)
        {
            for (end = start + 1; end < instructions.Length && !leaders.Contains(instructions[end]);)
                end++;
            Instruction[] run = instructions[start..end];
            Tally own = new(run.Length, run.Count(IsManagedCall), 0, run.Count(ReturnsSpan) * PlatformCosts.SpanHeapBytes);
            Instruction[] inserted =
            [
                .. Counting(number, own),
                .. run.Select(Outside).OfType<string>().SelectMany(Counting),
            ];
            moved.Add(run[0], inserted[0]);
            foreach (Instruction instruction in inserted)
                il.InsertBefore(run[0], instruction);
            if (run[^1].Operand is MethodReference called && Name(called) == Allocation)
            {
                il.InsertBefore(run[^1], Instruction.Create(OpCodes.Call, beginAllocation));
                il.InsertAfter(run[^1], Instruction.Create(OpCodes.Call, endAllocation));
            }
        }
        Redirect(body, instructions, moved);
        body.OptimizeMacros();
    }

    private static string Name(MethodReference method) => $"{method.DeclaringType.Name}.{method.Name}";

    private static HashSet<Instruction> Leaders(MethodBody body)
    {
        HashSet<Instruction> leaders = [];
        foreach (Instruction instruction in body.Instructions)
        {
            if (instruction.Operand is Instruction target)
                leaders.Add(target);
            if (instruction.Operand is Instruction[] targets)
                leaders.UnionWith(targets);
            bool goesOn = instruction.OpCode.FlowControl is FlowControl.Next or FlowControl.Meta or FlowControl.Break;
            if (!goesOn && instruction.Next != null)
                leaders.Add(instruction.Next);
        }
        foreach (ExceptionHandler handler in body.ExceptionHandlers)
        {
            Instruction?[] edges = [handler.TryStart, handler.TryEnd, handler.HandlerStart, handler.HandlerEnd, handler.FilterStart];
            leaders.UnionWith(edges.OfType<Instruction>());
        }
        return leaders;
    }

    private static void Redirect(MethodBody body, Instruction[] instructions, Dictionary<Instruction, Instruction> moved)
    {
        foreach (Instruction instruction in instructions)
            instruction.Operand = instruction.Operand switch
            {
                Instruction target => moved[target],
                Instruction[] targets => targets.Select(target => moved[target]).ToArray(),
                object other => other,
                null => null,
            };
        foreach (ExceptionHandler handler in body.ExceptionHandlers)
        {
            handler.TryStart = At(handler.TryStart);
            handler.TryEnd = At(handler.TryEnd);
            handler.HandlerStart = At(handler.HandlerStart);
            handler.HandlerEnd = At(handler.HandlerEnd);
            handler.FilterStart = At(handler.FilterStart);
        }

        Instruction? At(Instruction? instruction) => instruction == null ? null : moved[instruction];
    }

    private IEnumerable<Instruction> Counting(int number, Tally cost) =>
    [
        Instruction.Create(OpCodes.Ldc_I4, number),
        Instruction.Create(OpCodes.Ldc_I4, (int)cost.Il),
        Instruction.Create(OpCodes.Ldc_I4, (int)cost.Calls),
        Instruction.Create(OpCodes.Ldc_I4, (int)cost.Natives),
        Instruction.Create(OpCodes.Ldc_I4, (int)cost.HeapBytes),
        Instruction.Create(OpCodes.Call, count),
    ];

    private IEnumerable<Instruction> Counting(string outside) => PlatformCosts.Of(outside) is Tally cost
        ? Counting(Number("board: " + outside), cost)
        : [Instruction.Create(OpCodes.Ldstr, outside), Instruction.Create(OpCodes.Call, countUnknown)];

    private MethodReference Import(string method) => module.ImportReference(typeof(Counters).GetMethod(method));

    private int Number(string method)
    {
        if (!numbers.TryGetValue(method, out int number))
            numbers.Add(method, number = numbers.Count);
        return number;
    }

    private bool IsManagedCall(Instruction instruction) =>
        instruction.OpCode.FlowControl == FlowControl.Call && Outside(instruction) == null;

    private bool ReturnsSpan(Instruction instruction) =>
        IsManagedCall(instruction) && instruction.OpCode != OpCodes.Newobj
        && ((MethodReference)instruction.Operand).ReturnType.Name is "ReadOnlySpan`1" or "Span`1";

    // The name of what is called, when it lies outside of the firmware's assembly or behind one of its seams; else null.
    private string? Outside(Instruction instruction)
    {
        if (instruction.OpCode.FlowControl != FlowControl.Call || instruction.Operand is not MethodReference called)
            return null;
        TypeReference type = called.DeclaringType;
        bool isInside = type.Scope == module && !(type.Resolve()?.IsInterface ?? false);
        return isInside ? null : $"{type.FullName}::{called.Name}/{called.Parameters.Count}";
    }
}
