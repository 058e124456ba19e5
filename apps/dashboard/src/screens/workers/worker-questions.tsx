import { useState } from 'react';
import { WORKER_QUESTIONS, type WorkerDetail, type WorkerQuestion } from '@lovage/http-api';
import { formatJson } from '../../api/json.ts';
import { useWorkerAnswer } from '../../api/queries/worker-control.ts';
import { Loaded } from '../../parts/loaded.tsx';
import { Button } from '../../ui/button.tsx';
import { JsonView } from '../../ui/json/json-view.tsx';
import { Panel } from '../../ui/page.tsx';
import { Select } from '../../ui/text-field.tsx';

const NONE = '';

/** What the process itself answers, by the remote control. */
export function WorkerQuestions({ worker }: { worker: WorkerDetail }) {
  const [question, setQuestion] = useState<WorkerQuestion>();
  const answer = useWorkerAnswer(worker.name, question);
  return (
    <Panel
      title="Ask it"
      actions={
        <>
          <Select
            label="What to ask"
            hideLabel
            value={question ?? NONE}
            options={[
              { value: NONE, label: 'Choose a question' },
              ...WORKER_QUESTIONS.map((one) => ({ value: one, label: one })),
            ]}
            onChange={(value) => setQuestion(value === NONE ? undefined : (value as WorkerQuestion))}
          />
          <Button disabled={!question} busy={answer.isFetching} onClick={() => void answer.refetch()}>
            Ask again
          </Button>
        </>
      }
    >
      {question ? (
        <Loaded query={answer} what="The worker has not answered" lines={4}>
          {({ answers }) => (
            <JsonView value={answers[0]?.value ?? null} label={`Answer to ${question}`} format={formatJson} />
          )}
        </Loaded>
      ) : (
        <p>What its process answers at this moment: statistics, tasks in hand, settings without secrets.</p>
      )}
    </Panel>
  );
}
