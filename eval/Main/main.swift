import EvalScenarios
print(Help.text(nil)); print("-----"); print(Help.text(.propagate)); print("----");
print(Help.text(.sync)); print(Help.text(.idle))
