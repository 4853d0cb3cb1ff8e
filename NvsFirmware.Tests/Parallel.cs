using Microsoft.VisualStudio.TestTools.UnitTesting;

// Classes run beside each other, more of them than there are processors: many wait for processes and timeouts. Within a class tests run one
// after the other, because those in Firmware/ keep their state in static fields.
[assembly: Parallelize(Workers = 4, Scope = ExecutionScope.ClassLevel)]
