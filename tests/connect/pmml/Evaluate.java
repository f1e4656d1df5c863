// Answers each line of stdin, PATH and FIELD=VALUE after tabs, with one line of JPMML and one of PMML4S:
// the evaluator's name, then NAME=VALUE after tabs, or an exclamation mark and what it refused.

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jpmml.evaluator.Evaluator;
import org.jpmml.evaluator.EvaluatorUtil;
import org.jpmml.evaluator.LoadingModelEvaluatorBuilder;
import org.pmml4s.model.Model;

public class Evaluate {

    interface Answers {
        Map<String, ?> to(Map<String, Object> row) throws Exception;
    }

    interface Loads {
        Answers from(String path) throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, Answers> models = new HashMap<>();
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split("\t");
            out.println(answer("jpmml", Evaluate::jpmml, models, parts));
            out.println(answer("pmml4s", Evaluate::pmml4s, models, parts));
        }
    }

    static Answers jpmml(String path) throws Exception {
        Evaluator evaluator = new LoadingModelEvaluatorBuilder().load(new File(path)).build();
        evaluator.verify();
        return row -> EvaluatorUtil.decodeAll(evaluator.evaluate(row));
    }

    static Answers pmml4s(String path) {
        Model model = Model.fromFile(path);
        return row -> model.predict(row);
    }

    static String answer(String name, Loads loads, Map<String, Answers> models, String[] parts) {
        try {
            String key = name + parts[0];
            if (!models.containsKey(key)) {
                models.put(key, loads.from(parts[0]));
            }
            Map<String, Object> row = new LinkedHashMap<>();
            for (int place = 1; place < parts.length; place++) {
                String[] pair = parts[place].split("=", 2);
                row.put(pair[0], typed(pair[1]));
            }
            StringBuilder told = new StringBuilder(name);
            new TreeMap<>(models.get(key).to(row)).forEach((field, value) -> told.append("\t" + field + "=" + value));
            return told.toString();
        } catch (Exception refusal) {
            return name + "\t!" + refusal.toString().replaceAll("\\s+", " ");
        }
    }

    static Object typed(String text) {
        if (text.matches("-?[0-9]+")) {
            return Integer.valueOf(text);
        }
        return text.matches("-?[0-9.]+(e-?[0-9]+)?") ? (Object) Double.valueOf(text) : text;
    }
}
