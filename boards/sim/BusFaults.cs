using System;
using System.Collections.Generic;
using NvsFirmware.Fram;

namespace NvsSim;

/// <summary>An SPI bus on which transactions fail as they do on an ESP32: mostly without a word.</summary>
/// <remarks>Rules are asked in the order in which they were added; the first that says so makes the fault.</remarks>
public sealed class BusFaults : ISpiBus
{
    private readonly ISpiBus bus;
    private readonly Random random;
    private readonly List<Rule> rules = [];

    /// <summary>A bus without faults yet.</summary>
    /// <param name="bus">Carries out what does not fail.</param>
    /// <param name="seed">Of what happens by chance, and of the noise.</param>
    public BusFaults(ISpiBus bus, int seed)
    {
        this.bus = bus;
        random = new Random(seed);
    }

    /// <summary>Transactions so far, those that failed included.</summary>
    public long Transactions { get; private set; }

    /// <summary>How many of them failed.</summary>
    public long Faults { get; private set; }

    /// <summary>Called before each fault, with the transaction's number, its first byte and its length.</summary>
    public Action<BusFault, long, byte, int>? Happens { get; set; }

    /// <summary>Adds a rule.</summary>
    /// <param name="fault">What happens.</param>
    /// <param name="occasions">To which transactions.</param>
    /// <param name="opcode">Counts and hits only those that begin with it, as <see cref="Opcode.Write"/>; null: all.</param>
    public void Add(BusFault fault, Occasions occasions, byte? opcode = null) => rules.Add(new Rule(fault, occasions, opcode));

    /// <summary>Adds rules from text: occasions, with the name of an opcode and a colon in front of them to count only those.</summary>
    /// <param name="fault">What happens.</param>
    /// <param name="text">As <c>120-130</c>, <c>write:3</c>, <c>wren:every:5</c>.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public void Add(BusFault fault, string text)
    {
        int colon = text.IndexOf(':');
        byte? opcode = colon > 0 ? Opcode.Find(text[..colon]) : null;
        Add(fault, Occasions.Parse(opcode == null ? text : text[(colon + 1)..]), opcode);
    }

    /// <summary>Ends all faults, and begins to count anew: the power was off.</summary>
    public void Clear()
    {
        rules.Clear();
        Transactions = 0;
        Faults = 0;
    }

    /// <inheritdoc/>
    public void Send(byte[] command) => Write(command, 0, command.Length);

    /// <inheritdoc/>
    public void Exchange(byte[] output, byte[] input) => Transfer(output, input, 0, output.Length);

    /// <inheritdoc/>
    public void Write(byte[] buffer, int offset, int count)
    {
        switch (Next(buffer[offset], count, isAnswered: false))
        {
            case BusFault.None:
                bus.Write(buffer, offset, count);
                break;
            case BusFault.Thrown:
                throw new FramException("The SPI bus failed.");
        }
    }

    /// <inheritdoc/>
    public void Transfer(byte[] output, byte[] input, int inputOffset, int count)
    {
        switch (Next(output[0], count, isAnswered: true))
        {
            case BusFault.None:
                bus.Transfer(output, input, inputOffset, count);
                break;
            case BusFault.Noise:
                bus.Transfer(output, input, inputOffset, count);
                random.NextBytes(input.AsSpan(inputOffset, count));
                break;
            case BusFault.NoContact:
                input.AsSpan(inputOffset, count).Fill(0xFF);
                break;
            case BusFault.Thrown:
                throw new FramException("The SPI bus failed.");
        }
    }

    private BusFault Next(byte opcode, int count, bool isAnswered)
    {
        // Without power there is nobody to whom a fault could happen: the model says so.
        if (bus is FramModel { IsPowered: false })
            return BusFault.None;
        Transactions++;
        BusFault fault = BusFault.None;
        // Each rule counts, whether or not one before it has made a fault.
        foreach (Rule rule in rules)
            if (rule.Hits(opcode, random) && fault == BusFault.None)
                fault = rule.Fault;
        // Nobody listens to the noise.
        if (fault == BusFault.Noise && !isAnswered)
            fault = BusFault.None;
        if (fault != BusFault.None)
        {
            Faults++;
            Happens?.Invoke(fault, Transactions, opcode, count);
        }
        return fault;
    }

    private sealed class Rule(BusFault fault, Occasions occasions, byte? opcode)
    {
        private long seen;

        public BusFault Fault => fault;

        public bool Hits(byte first, Random random) => (opcode ?? first) == first && occasions.Include(++seen, random);
    }
}
