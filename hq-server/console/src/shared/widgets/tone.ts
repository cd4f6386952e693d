export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'quiet';
